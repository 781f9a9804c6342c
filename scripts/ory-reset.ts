import { rm } from "node:fs/promises"
import { runMain } from "./processes"
import { assertDataUnused, dataDir, dataFolders } from "./stack"

/** `npm run ory:reset`: deletes the accounts, sessions and mail of local Ory, for all versions of Kratos. */
await runMain(async () => {
  for (const folder of await dataFolders(dataDir)) await assertDataUnused(folder)
  await rm(dataDir, { recursive: true, force: true })
  console.log("Local Ory is empty. All accounts, sessions and mail are deleted.")
})
