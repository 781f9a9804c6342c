import { cp, mkdtemp, readdir } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { run } from "../../scripts/processes"

/** Copies this project like a fresh clone, and installs its packages unless `install` is false. The caller removes the copy. */
export async function copyProject({ install = true } = {}): Promise<string> {
  // Outside of this project, because Next also looks for a middleware in the parent folders.
  const folder = await mkdtemp(join(tmpdir(), "ory-local-copy-"))
  const left = [".next", ".test", ".git", ".ory", ".vercel", "examples"]
  const wanted = (path: string): boolean => !/(^|\/)node_modules$|^\.env(?!\.example$)/.test(path)
  for (const entry of await readdir("."))
    if (!left.includes(entry) && wanted(entry))
      await cp(entry, join(folder, entry), { recursive: true, filter: wanted })
  if (install) await run("npm", ["ci", "--prefer-offline"], { cwd: folder })
  return folder
}
