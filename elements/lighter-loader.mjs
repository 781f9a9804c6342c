import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const WRITTEN_FOR = "1.2.1"
const DIST = dirname(createRequire(import.meta.url).resolve("@ory/elements-react"))
const read = (file) => readFileSync(join(DIST, file), "utf8")

/**
 * The Turbopack rules for `next.config.ts` that apply the loader below to Elements' files.
 *
 * @throws Error when a new version of Elements has another shape. Without this check the loader would silently do nothing.
 */
export function lighterElements() {
  for (const file of ["index.mjs", "theme/default/index.mjs", "client/index.mjs", "client/session-provider.mjs"]) {
    const source = read(file)
    if (lighten(file, source) === source) throw changed(file, "an import without an extension")
  }
  // Turbopack's cache ignores changes of a loader but not of its options.
  const version = createHash("sha256")
    .update(readFileSync(fileURLToPath(import.meta.url)))
    .digest("hex")
  const loaders = [{ loader: "./elements/lighter-loader.mjs", options: { version } }]
  return {
    rules: {
      "**/@ory/elements-react/dist/**/*.mjs": { loaders },
      "**/elements/languages.ts": { loaders },
    },
  }
}

/** The loader. */
export default function load(source) {
  const path = this.resourcePath.replaceAll("\\", "/")
  if (!path.endsWith("/elements/languages.ts")) return lighten(path.split("/dist/").at(-1), source)
  this.addDependency(join(DIST, "index.mjs"))
  return `${languages("index.mjs", read("index.mjs"))}\nexport default OryLocales\n`
}

/** One of Elements' files, by its name in `dist`, without the code that pages do not use. */
export function lighten(file, source) {
  // Without an extension, Turbopack resolves the CommonJS file, which pulls in all of @ory/client-fetch.
  if (file.startsWith("client/")) return source.replaceAll(/ from "(\.\/[\w-]+)";$/gm, ' from "$1.mjs";')
  const light = source.replace(languages(file, source), "var OryLocales = {};")
  return file.startsWith("theme/") ? withMenuOnDemand(file, light) : light
}

/** The part of a file that declares every language, and `OryLocales`, which holds them all. */
function languages(file, source) {
  const [part] =
    /^\/\/ src\/locales\/\w+\.json\n[^]*^var OryLocales = Object\.freeze\(\{$[^}]*^\}\);$/m.exec(source) ?? []
  if (part === undefined) throw changed(file, "the languages, and `OryLocales`")
  return part
}

/** Loads Radix' menus on demand: only the account menu in Elements' own page header uses them. */
function withMenuOnDemand(file, source) {
  const all = 'import * as DropdownMenuPrimitive from "@radix-ui/react-dropdown-menu";'
  if (!source.includes(all)) throw changed(file, `\`${all}\``)
  const parts = new Set(Array.from(source.matchAll(/\bDropdownMenuPrimitive\.(\w+)/g), ([, part]) => part))
  const onDemand = (part) =>
    `${part}: lazy(() => import("@radix-ui/react-dropdown-menu").then((all) => ({ default: all.${part} })))`
  return source.replace(
    all,
    `import { lazy } from "react";\nvar DropdownMenuPrimitive = { ${[...parts].map(onDemand).join(", ")} };`,
  )
}

function changed(file, missing) {
  const { version } = JSON.parse(read("../package.json"))
  return new Error(
    `@ory/elements-react ${version}: dist/${file} no longer has ${missing}. elements/ was written for ${WRITTEN_FOR}. ` +
      `Go back with npm install @ory/elements-react@${WRITTEN_FOR}, or adapt elements/lighter-loader.mjs, ` +
      "or, if Elements no longer bundles every language, delete the folder as its README.md says.",
  )
}
