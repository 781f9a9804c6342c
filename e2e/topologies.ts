import { resolve } from "node:path"
import { startServers, type ServersOptions } from "./servers"
import { publish, setting } from "./settings"

/**
 * How the browser reaches Ory. `behind-app` is `same-origin` with a Kratos whose base URL is the app's origin. `tunnel` is `direct`
 * through a stand-in for the Ory tunnel. `live` is a deployment that `npm run test:live` names.
 */
export type Topology = "direct" | "same-origin" | "behind-app" | "tunnel" | "live"

/** The program that replaces the Ory tunnel. The tests that need it build it. */
export const tunnelProgram = resolve(".test", "tunnel")

const OPTIONS: Readonly<Record<Exclude<Topology, "live">, ServersOptions>> = {
  direct: {},
  "same-origin": { network: true, app: { ORY_PROXY: "on" } },
  "behind-app": { behindApp: true, app: { ORY_PROXY: "on" } },
  tunnel: { tunnel: tunnelProgram },
}

export interface Started {
  appUrl: string
  /** Ory's own address, which the browser must not call. */
  hiddenUrl?: string
  stop: () => Promise<void>
}

/**
 * Starts a worker's servers, and publishes their addresses to its tests. Workers share no Kratos, because with SQLite it can fail
 * when two clients write at once.
 */
export async function startTopology(topology: Topology): Promise<Started> {
  if (topology === "live") return { appUrl: setting("APP_URL"), stop: () => Promise.resolve() }
  const options = OPTIONS[topology]
  const servers = await startServers(options)
  const { appUrl, oryUrl, inboxUrl, ory } = servers
  const isProxied = options.app?.ORY_PROXY === "on"
  publish({
    APP_URL: appUrl,
    ORY_URL: isProxied ? appUrl : oryUrl,
    ORY_ADMIN_URL: ory.adminUrl,
    INBOX_URL: inboxUrl,
  })
  return { appUrl, hiddenUrl: isProxied ? oryUrl : undefined, stop: () => servers.stop() }
}
