import { kratosBinary } from "../scripts/kratos"
import { withoutSettings } from "./settings"

/** Sets the environment of the tests and picks one Kratos for all of them. */
export default async function setup(): Promise<void> {
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
