import { startServers } from "./servers"

/** Starts what the tests run against, and tells them where it is. Returns what stops it again. */
export default async function setup(): Promise<() => Promise<void>> {
  const servers = await startServers()
  process.env.E2E_APP_URL = servers.appUrl
  process.env.E2E_ORY_URL = servers.oryUrl
  process.env.E2E_ORY_ADMIN_URL = servers.ory.adminUrl
  process.env.E2E_INBOX_URL = servers.inboxUrl
  return servers.stop
}
