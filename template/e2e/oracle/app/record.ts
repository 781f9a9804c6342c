import { appendFileSync } from "node:fs"
import { headers } from "next/headers"
import type { Recorder } from "./recorders"

/** Reports that this code runs, and for which request. Also makes the route dynamic, so that the build does not run it. */
export async function record(name: Recorder): Promise<void> {
  const form = (await headers()).get("x-form")
  const file = process.env.EXECUTIONS_FILE
  if (file === undefined)
    throw new Error("EXECUTIONS_FILE is not set. Start this app from template/e2e/oracle.spec.ts.")
  appendFileSync(file, `${JSON.stringify({ name, form })}\n`)
}
