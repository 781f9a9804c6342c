import { kratosBinary } from "../scripts/kratos"
import { startServers } from "./servers"
import { withoutSettings } from "./settings"
import { publishServers } from "./topologies"

/** Starts the app and Ory for the tests. Returns a function that stops them. */
export default async function setup(): Promise<() => Promise<void>> {
  await prepareTests()
  const servers = await startServers()
  publishServers(servers, servers.oryUrl)
  return () => servers.stop()
}

/** Sets the environment of the tests and picks one Kratos for all of them. */
export async function prepareTests(): Promise<void> {
  // Workers inherit this environment. `lib/env.ts` reads it when a test imports the app's code.
  Object.assign(process.env, withoutSettings(), { ORY_SDK_URL: "http://localhost:4000" })
  const kratos = await kratosBinary()
  process.env.KRATOS_BIN = kratos.path
  const { EXPECTED_KRATOS } = process.env
  if (EXPECTED_KRATOS && kratos.version !== EXPECTED_KRATOS)
    throw new Error(
      `EXPECTED_KRATOS is ${EXPECTED_KRATOS}, but Kratos ${kratos.version} runs. The lines above explain why.`,
    )
  console.log(`Kratos ${kratos.version}`)
}
