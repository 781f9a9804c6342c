import prepareTests from "../../../e2e/setup"
import { tunnelProgram } from "../../../e2e/topologies"
import { run } from "../../../scripts/processes"

/** Builds the stand-in for the Ory tunnel. */
export default async function setup(): Promise<void> {
  await prepareTests()
  await run("go", ["build", "-o", tunnelProgram, "."], { cwd: import.meta.dirname })
}
