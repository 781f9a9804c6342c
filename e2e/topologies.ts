import { startServers, type Servers, type ServersOptions } from "./servers"
import { publish, setting } from "./settings"

/** How the browser reaches Ory. `behind-app` is `same-origin` with a Kratos whose base URL is the app's origin. */
export type Topology = "direct" | "same-origin" | "behind-app"

export interface Started {
  appUrl: string
  /** Ory's own address, which the browser must not call. */
  hiddenUrl?: string
  stop: () => Promise<void>
}

/** Starts the servers that this worker's tests need, and publishes their addresses. For `direct`, `setup.ts` has started them. */
export async function startTopology(topology: Topology): Promise<Started> {
  switch (topology) {
    case "direct":
      return { appUrl: setting("APP_URL"), stop: () => Promise.resolve() }
    case "same-origin":
      return startSameOrigin({ network: true })
    case "behind-app":
      return startSameOrigin({ behindApp: true })
  }
}

async function startSameOrigin(options: ServersOptions): Promise<Started> {
  const servers = await startServers({ ...options, app: { ORY_PROXY: "on" } })
  publishServers(servers, servers.appUrl)
  return { appUrl: servers.appUrl, hiddenUrl: servers.oryUrl, stop: () => servers.stop() }
}

/** Publishes the addresses of servers to the tests. The browser reaches Ory at `oryUrl`. */
export function publishServers({ appUrl, ory, inboxUrl }: Servers, oryUrl: string): void {
  publish({ APP_URL: appUrl, ORY_URL: oryUrl, ORY_ADMIN_URL: ory.adminUrl, INBOX_URL: inboxUrl })
}
