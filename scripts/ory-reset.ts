import { rm } from "node:fs/promises"
import { SetupError } from "./processes"
import { assertDataUnused, dataDir, dataFolders } from "./stack"

/** `npm run ory:reset`: deletes the accounts, sessions and mail of local Ory, of every version of Kratos. */
try {
  for (const folder of await dataFolders(dataDir)) await assertDataUnused(folder)
  await rm(dataDir, { recursive: true, force: true })
  console.log("Local Ory is empty. All its accounts, sessions and mail are deleted.")
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  console.error(error.message)
  process.exitCode = 1
}
