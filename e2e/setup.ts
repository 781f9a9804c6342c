import { kratosBinary } from "../scripts/kratos"
import { startServers } from "./servers"
import { publish, withoutSettings } from "./settings"

/** Starts what the tests run against, and tells them where it is. Returns what stops it again. */
export default async function setup(): Promise<() => Promise<void>> {
  // What the workers start gets this environment. `lib/env.ts` reads it when a test imports something of the app's.
  Object.assign(process.env, withoutSettings(), { ORY_SDK_URL: "http://localhost:4000" })
  // All tests of a run meet the same Kratos, and none of them looks for another.
  const kratos = await kratosBinary()
  process.env.KRATOS_BIN = kratos.path
  const { EXPECTED_KRATOS } = process.env
  if (EXPECTED_KRATOS && kratos.version !== EXPECTED_KRATOS)
    throw new Error(
      `EXPECTED_KRATOS is ${EXPECTED_KRATOS}, but Kratos ${kratos.version} runs. The lines above say why.`,
    )
  console.log(`Kratos ${kratos.version}`)
  const servers = await startServers()
  publish({
    APP_URL: servers.appUrl,
    ORY_URL: servers.oryUrl,
    ORY_ADMIN_URL: servers.ory.adminUrl,
    INBOX_URL: servers.inboxUrl,
  })
  return () => servers.stop()
}
