import console from "node:console"
import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const require = createRequire(import.meta.url)
const DIST = dirname(require.resolve("@ory/elements-react"))
const MAIN = ["index.mjs", "theme/default/index.mjs"]

/** The changes to Elements' files. Each step returns the source unchanged when the code that it replaces is missing. */
const STEPS = [
  {
    what: "imports without an extension",
    files: ["client/index.mjs", "client/session-provider.mjs"],
    appliesTo: (file) => file.startsWith("client/"),
    // Without an extension, Turbopack resolves the CommonJS file, which pulls in all of @ory/client-fetch.
    apply: (source) => source.replaceAll(/ from "(\.\/[\w-]+)";$/gm, ' from "$1.mjs";'),
  },
  {
    what: "the languages, and `OryLocales` that holds them",
    files: MAIN,
    appliesTo: (file) => MAIN.includes(file),
    apply: (source) =>
      source.replace(
        /^\/\/ src\/locales\/\w+\.json\n[^]*^var OryLocales = Object\.freeze\(\{$[^}]*^\}\);$/m,
        "var OryLocales = {};",
      ),
  },
  {
    what: "the menus of Radix",
    files: ["theme/default/index.mjs"],
    appliesTo: (file) => file === "theme/default/index.mjs",
    apply: loadMenusOnDemand,
  },
]

/**
 * The Turbopack rules for `next.config.ts` that apply the loader below to Elements' files. A version of Elements with another shape
 * keeps its own weight, and this warns about it. `npm test` then fails, because the login page is too heavy.
 */
export function lighterElements() {
  for (const problem of unknownShapes())
    console.warn(`${problem} The login page loads more than it needs. See elements/README.md.`)
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
  return `export default ${JSON.stringify(require("@ory/elements-react").OryLocales ?? {})}\n`
}

/** One of Elements' files, by its name in `dist`, without the code that pages do not use. */
export function lighten(file, source) {
  return STEPS.filter(({ appliesTo }) => appliesTo(file)).reduce((light, { apply }) => apply(light), source)
}

/** One sentence for each step that does not find what it replaces, in the installed version or in what `read` returns. */
export function unknownShapes(read = (file) => readFileSync(join(DIST, file), "utf8")) {
  const { version } = JSON.parse(readFileSync(join(DIST, "../package.json"), "utf8"))
  return STEPS.flatMap(({ what, files, apply }) =>
    files
      .filter((file) => apply(read(file)) === read(file))
      .map((file) => `@ory/elements-react ${version}: dist/${file} no longer has ${what}.`),
  )
}

/** Only the account menu in Elements' own page header uses Radix' menus, and this app doesn't show that header. */
function loadMenusOnDemand(source) {
  const all = 'import * as DropdownMenuPrimitive from "@radix-ui/react-dropdown-menu";'
  const parts = new Set(Array.from(source.matchAll(/\bDropdownMenuPrimitive\.(\w+)/g), ([, part]) => part))
  const onDemand = (part) =>
    `${part}: lazy(() => import("@radix-ui/react-dropdown-menu").then((all) => ({ default: all.${part} })))`
  return source.replace(
    all,
    `import { lazy } from "react";\nvar DropdownMenuPrimitive = { ${[...parts].map(onDemand).join(", ")} };`,
  )
}
