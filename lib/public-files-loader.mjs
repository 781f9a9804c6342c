import { existsSync, readdirSync, statSync } from "node:fs"
import { basename, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

const PROJECT = resolve(fileURLToPath(import.meta.url), "../..")

/**
 * The path of each file in `public/`, not encoded: `/brand/logo.png`. Files whose own name begins with a dot are left out, because
 * Next does not serve them.
 *
 * @throws Error when a file has the path of a page. Next serves one of the two, and which one depends on the host.
 */
export function publicFiles(projectDir = PROJECT) {
  const folder = join(projectDir, "public")
  const served = (name) =>
    !basename(name).startsWith(".") && statSync(join(folder, name), { throwIfNoEntry: false })?.isFile()
  const files = list(folder)
    .filter(served)
    .map((name) => `/${name}`)
  for (const page of list(join(projectDir, "app"))) {
    const path = pagePath(page)
    if (path !== undefined && files.includes(path))
      throw new Error(`public${path} has the path of the page app/${page}. Rename one of the two.`)
  }
  return files.sort()
}

/**
 * The loader through which Turbopack reads `public-files.ts`: it fills in the list. `next dev` runs it again whenever
 * something in `public/` changes.
 */
export default function load(source) {
  this.addContextDependency(join(PROJECT, "public"))
  // Turbopack's cache does not notice that a loader was edited.
  this.addDependency(fileURLToPath(import.meta.url))
  const filled = source.replace("new Set()", () => `new Set(${JSON.stringify(publicFiles())})`)
  if (filled === source)
    throw new Error("lib/public-files.ts no longer has `new Set()`, which lib/public-files-loader.mjs fills.")
  return filled
}

/** Everything in a folder, with forward slashes. */
function list(folder) {
  return existsSync(folder) ? readdirSync(folder, { recursive: true }).map((name) => name.replaceAll("\\", "/")) : []
}

/** The path of a page or route handler. Undefined for any other file. */
function pagePath(file) {
  const segments = `/${file}`.split("/")
  if (!/^(page|route)\.[jt]sx?$/.test(segments.pop() ?? "")) return undefined
  return segments.filter((segment) => !/^(@|\(.*\)$)/.test(segment)).join("/")
}
