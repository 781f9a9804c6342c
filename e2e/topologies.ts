import { resolve } from "node:path"
import { run } from "../scripts/processes"
import { ORY_NETWORK, startServers, type Servers, type ServersOptions } from "./servers"
import { publish } from "./settings"

/**
 * Where the browser reaches Ory. `tunnel` is direct as well: through Ory's own proxy library, which is what `ory tunnel` is
 * made of. It rewrites what a project of Ory Network says. `behind-app` is same-origin with a Kratos whose base URL is this app's origin.
 */
export type Topology = "direct" | "same-origin" | "behind-app" | "tunnel"

export interface Started {
  /** Why this topology cannot be tried on this machine. */
  missing?: string
  /** Ory's own address, where the browser has no business. */
  hiddenUrl?: string
  stop: () => Promise<void>
}

const nothing = (): Promise<void> => Promise.resolve()

/** Starts what this worker's tests run against, and tells them where it is. `direct`: `setup.ts` has done so. */
export async function startTopology(topology: Topology): Promise<Started> {
  switch (topology) {
    case "direct":
      return { stop: nothing }
    case "same-origin": {
      const servers = await startAt({ network: true, app: { ORY_PROXY: "on" } }, ({ appUrl }) => appUrl)
      return { hiddenUrl: servers.oryUrl, stop: () => servers.stop() }
    }
    case "behind-app": {
      const servers = await startAt({ behindApp: true, app: { ORY_PROXY: "on" } }, ({ appUrl }) => appUrl)
      return { hiddenUrl: servers.oryUrl, stop: () => servers.stop() }
    }
    case "tunnel": {
      const tunnel = await buildTunnel()
      if (tunnel === undefined)
        return {
          missing: "Go is missing, which builds the stand-in for the tunnel. Install it from https://go.dev/dl.",
          stop: nothing,
        }
      const servers = await startAt({ tunnel }, ({ oryUrl }) => oryUrl)
      return { hiddenUrl: ORY_NETWORK, stop: () => servers.stop() }
    }
  }
}

async function startAt(options: ServersOptions, browserOryUrl: (servers: Servers) => string): Promise<Servers> {
  const servers = await startServers(options)
  publish({
    APP_URL: servers.appUrl,
    ORY_URL: browserOryUrl(servers),
    ORY_ADMIN_URL: servers.ory.adminUrl,
    INBOX_URL: servers.inboxUrl,
  })
  return servers
}

/** The stand-in for `ory tunnel`. Undefined: there is no Go, which in CI is a failure. */
async function buildTunnel(): Promise<string | undefined> {
  const hasGo = await run("go", ["version"]).then(
    () => true,
    () => false,
  )
  if (!hasGo && process.env.CI === undefined) return undefined
  const program = resolve(".test", "tunnel")
  await run("go", ["build", "-o", program, "."], { cwd: resolve("e2e", "tunnel") })
  return program
}
