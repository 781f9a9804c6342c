import { stringify } from "yaml"
import { brand } from "../../lib/brand"
import { defaultLocale } from "../../lib/texts"
import { EXAMPLES, LOCALES, packageName, type Answers } from "./answers"
import { InitError, type Copy } from "./copy"
import { translateMails } from "./mails"

/** Packages that only `template/` uses. A test compares this list with the imports. */
export const TEMPLATE_PACKAGES = [
  "@clack/prompts",
  "@edge-runtime/vm",
  "@lydell/node-pty",
  "@types/oidc-provider",
  "oidc-provider",
]

const TEMPLATE_SCRIPTS = ["bench", "init", "test:template"]

const EXAMPLE_ORIGINS = { express: "http://localhost:3001", go: "http://localhost:3002" }

/** How comments and docs name files of `template/`: in parentheses after a sentence, which stays true without them. */
const MENTION = /\s+\(`?template\/[^()]*\)/g

/** Names of the template, which only LICENSE of a product may contain. */
const LEFTOVER = /ory next\.?js starter|ory-nextjs-starter|ory-starter|(?<![\w/.-])template\/|- \/template\//i

interface Package {
  name: string
  version: string
  /** The state of the template that the product started from. */
  template?: { version: string; commit?: string | undefined }
  scripts: Record<string, string>
  devDependencies: Record<string, string>
}

/** Turns a copy of the template into the product. `commit` is the template's commit, where Git knows it. */
export function makeProduct(copy: Copy, answers: Answers, commit: string | undefined): void {
  const { name, securityContact, examples } = answers
  copy.replace("lib/brand.ts", JSON.stringify(brand.name), JSON.stringify(name))
  copy.replace("ory/kratos.yml", `: ${yaml(brand.name)}\n`, `: ${yaml(name)}\n`)
  for (const path of copy.files().filter((file) => file.startsWith("ory/mails/") && file.endsWith(".gotmpl")))
    // A string of a Go template. Kratos escapes it for HTML.
    copy.replace(path, JSON.stringify(brand.name), JSON.stringify(name))
  chooseLanguages(copy, answers)
  if (answers.language !== "en") translateMails(copy, answers.language)
  // The first paragraph says where to report a problem.
  copy.edit("SECURITY.md", (text) => text.replace(/(?<=^# Security\n\n)[^]*?(?=\n\n)/, () => reportTo(securityContact)))
  copy.edit("package.json", (text) => productPackage(text, name, commit))
  copy.edit("README.md", () => copy.read("template/init/product/README.md").replaceAll("PRODUCT_NAME", () => name))
  copy.edit(".github/workflows/test.yml", () => copy.read("template/init/product/test.yml"))

  copy.edit(".github/dependabot.yml", (text) => text.replace(/ +- \/template\/.*\n/g, ""))

  for (const example of EXAMPLES) {
    const folder = `examples/${example}`
    const origin = `    - ${EXAMPLE_ORIGINS[example]} # ${folder}\n`
    const deletedByHand = !copy.has(folder)
    if (examples.includes(example) && !deletedByHand) continue
    if (!deletedByHand) copy.remove(folder)
    copy.edit(".github/dependabot.yml", (text) => text.replace(`      - /${folder}\n`, ""))
    if (!deletedByHand || copy.read("ory/kratos.yml").includes(origin)) copy.replace("ory/kratos.yml", origin, "")
  }
  if (!copy.has("examples/go")) {
    copy.edit(".github/workflows/test.yml", (text) =>
      text.replace(/ +- if: hashFiles\('examples\/go[^]*?(?=\n +- )\n/, ""),
    )
    copy.edit(".github/dependabot.yml", (text) => text.replace(/ +- package-ecosystem: gomod\n[^]*?\n\n/, ""))
  }

  copy.replace("eslint.config.mjs", ', "template/bench/"', "")
  copy.replace("eslint.config.mjs", '"e2e/**", "template/e2e/**"', '"e2e/**"')
  copy.replace("tsconfig.json", ', "template/bench"', "")
  copy.replace(".dockerignore", "template\n", "")
  copy.replace(".prettierignore", "bench.json\n", "")
  // They show the template's name. `npm run screenshots` makes the product's.
  copy.remove("docs/screenshots")
  copy.remove("public/opengraph-image.png")
  // It lists the changes of the template. docs/keep-it-current.md shows how to read it there.
  copy.remove("CHANGELOG.md")
  copy.remove("template")
  for (const path of copy.files())
    if (copy.read(path).search(MENTION) >= 0) copy.edit(path, (text) => text.replace(MENTION, ""))
}

/** Sets the default language, and removes the catalogues of the others on request. The remaining one then defines the type of texts. */
function chooseLanguages(copy: Copy, { language, onlyDefaultLanguage }: Answers): void {
  const index = "lib/texts/index.ts"
  if (language !== defaultLocale)
    copy.replace(index, `defaultLocale: Locale = "${defaultLocale}"`, `defaultLocale: Locale = "${language}"`)
  if (!onlyDefaultLanguage) return
  for (const other of LOCALES.filter((locale) => locale !== language)) {
    copy.remove(`lib/texts/${other}.ts`)
    copy.replace(index, `import { ${other} } from "./${other}"\n`, "")
  }
  copy.replace(index, `{ ${LOCALES.join(", ")} }`, `{ ${language} }`)
  if (language === "en") return
  copy.replace(index, "typeof en", `typeof ${language}`)
  const catalogue = `lib/texts/${language}.ts`
  copy.replace(catalogue, 'import type { Texts } from "./index"\n\n', "")
  copy.replace(catalogue, `export const ${language}: Texts = {`, `export const ${language} = {`)
}

/** Lines that still name the template, as `path:line: text`. */
export function leftovers(copy: Copy): string[] {
  return copy.files().flatMap((path) =>
    path === "LICENSE"
      ? []
      : copy
          .read(path)
          .split("\n")
          .flatMap((line, index) =>
            LEFTOVER.test(line) ? [`${path}:${index + 1}: ${line.trim().slice(0, 100)}`] : [],
          ),
  )
}

function productPackage(text: string, name: string, commit: string | undefined): string {
  const template = JSON.parse(text) as Package
  const product: Package = {
    ...template,
    name: packageName(name),
    version: "0.1.0",
    template: { version: template.version, commit },
  }
  for (const script of TEMPLATE_SCRIPTS) removeKey(product.scripts, script)
  for (const dependency of TEMPLATE_PACKAGES) removeKey(product.devDependencies, dependency)
  product.scripts.test = "node --import tsx scripts/test.ts"
  return `${JSON.stringify(product, undefined, 2)}\n`
}

function removeKey(from: Record<string, string>, key: string): void {
  if (!(key in from)) throw new InitError(`package.json has no "${key}". Restore it, then run this again.`)
  Reflect.deleteProperty(from, key)
}

function reportTo(contact: string): string {
  if (contact === "")
    return 'Report a vulnerability through the repository\'s private reporting ("Report a vulnerability" under Security), not in an issue.'
  return `Report a vulnerability to <${contact}>, not in an issue.`
}

/** As a YAML value on one line, quoted where YAML needs it. */
function yaml(value: string): string {
  return stringify(value, { lineWidth: 0, defaultStringType: "PLAIN" }).trim()
}
