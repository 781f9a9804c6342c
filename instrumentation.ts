import { assertReadyToServe, readEnv } from "@/lib/env"

/** Next calls this when a server starts, and on serverless hosts before the first request. See docs/decisions/check-at-the-start.md. */
export function register(): void {
  // The Edge runtime can't end the process. An error here makes every request to the gate fail.
  if (process.env.NEXT_RUNTIME === "edge") {
    readEnv(process.env)
    return
  }
  try {
    assertReadyToServe()
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  }
}
