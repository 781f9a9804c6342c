import { rm } from "node:fs/promises"
import { Problem } from "./processes"
import { assertDataUnused, dataDir } from "./stack"

/** `npm run ory:reset`: empties local Ory, its accounts, sessions and mail. The next `npm run dev` begins anew. */
try {
  await assertDataUnused(dataDir)
  await rm(dataDir, { recursive: true, force: true })
  console.log("Local Ory is empty: its accounts, sessions and mail are gone.")
} catch (error) {
  if (!(error instanceof Problem)) throw error
  console.error(error.message)
  process.exitCode = 1
}
