import { resolve } from "node:path"
import { startServers } from "../../../e2e/servers"
import { prepareTests } from "../../../e2e/setup"
import { publishServers } from "../../../e2e/topologies"
import { run } from "../../../scripts/processes"

/** Starts the app and an Ory that the browser reaches through the stand-in for the Ory tunnel. Returns a function that stops them. */
export default async function setup(): Promise<() => Promise<void>> {
  await prepareTests()
  const tunnel = resolve(".test", "tunnel")
  await run("go", ["build", "-o", tunnel, "."], { cwd: import.meta.dirname })
  const servers = await startServers({ tunnel })
  publishServers(servers, servers.oryUrl)
  return () => servers.stop()
}
