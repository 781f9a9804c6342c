import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest"
import { parse } from "yaml"
import { contactProblem, LOCALES, nameProblem, packageName, parseFlags, type Answers } from "./answers"
import { Copy, InitError } from "./copy"
import { leftovers, makeProduct, TEMPLATE_PACKAGES } from "./edits"

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "init-"))
})
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

const acme: Answers = {
  name: 'Acme "1": Ä & Co',
  language: "en",
  onlyDefaultLanguage: false,
  securityContact: "security@acme.example",
  examples: [],
}

/** TypeScript and Next need these packages; no file imports them. */
const NOT_IMPORTED = ["node", "react-dom"]

/** A part of `.github/dependabot.yml`. */
interface Updates {
  directory?: string
  directories?: string[]
}

const products = new Map<string, Copy>()

/** The product that these answers make of this project. Tests share it, so they only read. */
function product(answers: Partial<Answers> = {}): Copy {
  const key = JSON.stringify(answers)
  const made = products.get(key)
  if (made) return made
  const copy = new Copy(process.cwd(), join(folder, `product-${products.size}`))
  makeProduct(copy, { ...acme, ...answers }, "abc")
  products.set(key, copy)
  return copy
}

describe("the product", () => {
  test("names the template in no file but LICENSE", () => {
    const copy = product()
    // npm writes the lock file afterwards: see init.spec.ts.
    expect(leftovers(copy).filter((line) => !line.startsWith("package-lock.json:"))).toEqual([])
    expect(copy.has("template")).toBe(false)
    expect(copy.has("CHANGELOG.md")).toBe(false)
    expect(copy.read("LICENSE")).toBe(readFileSync("LICENSE", "utf8"))
  })

  test("has its name in the app, in Ory's configuration and mails, in package.json and in the README", async () => {
    const copy = product()
    const { brand } = (await import(join(copy.folder, "lib/brand.ts"))) as { brand: { name: string } }
    expect(brand.name).toBe(acme.name)
    const kratos = parse(copy.read("ory/kratos.yml")) as {
      selfservice: {
        methods: { totp: { config: { issuer: string } }; passkey: { config: { rp: { display_name: string } } } }
      }
      courier: { smtp: { from_name: string } }
    }
    expect(kratos.selfservice.methods.totp.config.issuer).toBe(acme.name)
    expect(kratos.selfservice.methods.passkey.config.rp.display_name).toBe(acme.name)
    expect(kratos.courier.smtp.from_name).toBe(acme.name)
    expect(copy.read("ory/mails/login_code/valid/email.subject.gotmpl")).toContain(
      String.raw`{{ "Acme \"1\": Ä & Co" }}`,
    )
    expect(JSON.parse(copy.read("package.json"))).toMatchObject({ name: "acme-1-a-co" })
    expect(copy.read("README.md")).toMatch(/^# Acme "1": Ä & Co\n/)
  })

  test.each([
    { language: "en", onlyDefaultLanguage: false, left: ["de", "en", "es"] },
    { language: "en", onlyDefaultLanguage: true, left: ["en"] },
    { language: "de", onlyDefaultLanguage: false, left: ["de", "en", "es"] },
    { language: "de", onlyDefaultLanguage: true, left: ["de"] },
    { language: "es", onlyDefaultLanguage: true, left: ["es"] },
  ] as const)(
    "has the default language $language and the catalogues $left",
    async ({ language, onlyDefaultLanguage, left }) => {
      const copy = product({ language, onlyDefaultLanguage })
      const { catalogues, defaultLocale } = (await import(join(copy.folder, "lib/texts/index.ts"))) as {
        catalogues: object
        defaultLocale: string
      }
      expect(defaultLocale).toBe(language)
      expect(Object.keys(catalogues).sort()).toEqual(left)
      expect(LOCALES.filter((locale) => copy.has(`lib/texts/${locale}.ts`)).sort()).toEqual(left)
      const index = copy.read("lib/texts/index.ts")
      expect(index).toContain(`export type Texts = typeof ${onlyDefaultLanguage ? language : "en"}\n`)
    },
  )

  test.each(["de", "es"] as const)("has mails in its default language %s", (language) => {
    const copy = product({ language })
    const mails = copy.files().filter((file) => file.startsWith("ory/mails/") && file.endsWith(".gotmpl"))
    expect(mails).toHaveLength(18)
    const texts = mails.map((path) => copy.read(path).replace(/{{- \/\*[^]*?\*\/}}/g, ""))
    // No template action, name or code is lost, and no English word is left.
    const codes = (all: string[]): string[] =>
      all.flatMap((text) => text.match(/{{[^}]*}}/g) ?? []).filter((code) => !code.includes(":="))
    expect(codes(texts).length).toBe(
      codes(mails.map((path) => readFileSync(path, "utf8").replace(/{{- \/\*[^]*?\*\/}}/g, ""))).length,
    )
    const english = /Enter this|ignore this|is your|your (account|email)|No .*account|Someone|If (you|it)|The code/
    for (const text of texts) expect(text).not.toMatch(english)
    expect(copy.read("ory/mails/login_code/valid/email.body.gotmpl")).toContain(`<html lang="${language}">`)
  })

  test.each([
    ["security@acme.example", "to <security@acme.example>"],
    ["https://acme.example/security", "to <https://acme.example/security>"],
    ["", "through the repository's private reporting"],
  ])("with the contact %j takes reports %s", (securityContact, text) => {
    expect(product({ securityContact }).read("SECURITY.md")).toMatch(
      new RegExp(`^# Security\n\nReport a vulnerability ${text}`),
    )
  })

  test("notes the version and the commit of the template that it started from", () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string }
    expect(JSON.parse(product().read("package.json"))).toMatchObject({ template: { version, commit: "abc" } })
  })

  test("has only scripts whose files exist", () => {
    const copy = product()
    const { scripts } = JSON.parse(copy.read("package.json")) as { scripts: Record<string, string> }
    const files = Object.values(scripts).flatMap((script) => [...script.matchAll(/\S+\.ts\b/g)].map(([file]) => file))
    expect(files).toContain("scripts/test.ts")
    expect(files.filter((file) => !copy.has(file))).toEqual([])
  })

  test("has the version of tailwind-merge that Ory Elements needs, so that the browser loads it once", () => {
    const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
      packages: Record<string, { version: string; dependencies?: Record<string, string> }>
    }
    const elements = packages["node_modules/@ory/elements-react"]
    expect(packages["node_modules/tailwind-merge"]?.version).toBe(elements?.dependencies?.["tailwind-merge"])
  })

  test("uses every package that it lists, and lists none that only the template used", () => {
    const copy = product()
    const { dependencies, devDependencies } = JSON.parse(copy.read("package.json")) as Record<
      string,
      Record<string, string>
    >
    const text = copy
      .files()
      .filter((path) => !/package-lock\.json$/.test(path))
      .map((path) =>
        path === "package.json"
          ? JSON.stringify((JSON.parse(copy.read(path)) as { scripts: object }).scripts)
          : copy.read(path),
      )
      .join("\n")
    const uses = (name: string): boolean => new RegExp(`["' ]${name}(["'/ ]|$)`, "m").test(text)
    const names = Object.keys({ ...dependencies, ...devDependencies }).map((name) => name.replace(/^@types\//, ""))
    expect(names.filter((name) => !NOT_IMPORTED.includes(name) && !uses(name))).toEqual([])
    expect(TEMPLATE_PACKAGES.filter(uses)).toEqual([])
  })

  test("has a workflow with the same pinned actions, Node and Kratos, and no step of the template", () => {
    const copy = product({ examples: ["go"] })
    const pins = (text: string): string[] => [...text.matchAll(/uses: .+/g)].map(([pin]) => pin)
    const before = readFileSync(".github/workflows/test.yml", "utf8")
    const after = copy.read(".github/workflows/test.yml")
    expect(pins(before)).toEqual(expect.arrayContaining(pins(after)))
    expect(after).not.toContain("soak")
    expect(before).toContain(/EXPECTED_KRATOS: (\S+)/.exec(after)?.[1])
    expect(copy.has(".nvmrc")).toBe(true)
  })

  test.each([
    { examples: ["express", "go"], express: true, go: true },
    { examples: ["go"], express: false, go: true },
    { examples: ["express"], express: true, go: false },
    { examples: [], express: false, go: false },
  ] as const)(
    "keeps $examples with their origins, and sets up Go only for the Go example",
    ({ examples, ...wanted }) => {
      const copy = product({ examples })
      // An example may have been deleted by hand.
      const express = wanted.express && existsSync("examples/express")
      const go = wanted.go && existsSync("examples/go")
      expect([copy.has("examples/express"), copy.has("examples/go")]).toEqual([express, go])
      const kratos = copy.read("ory/kratos.yml")
      expect([kratos.includes("http://localhost:3001"), kratos.includes("http://localhost:3002")]).toEqual([
        express,
        go,
      ])
      const { updates } = parse(copy.read(".github/dependabot.yml")) as { updates: Updates[] }
      const folders = updates.flatMap(({ directory, directories = [] }) => [directory ?? [], directories].flat())
      expect(folders.filter((path) => !copy.has(path))).toEqual([])
      expect([folders.includes("/examples/express"), folders.includes("/examples/go")]).toEqual([express, go])
      expect(updates.every(({ directories }) => directories === undefined || directories.length > 0)).toBe(true)
      const workflow = copy.read(".github/workflows/test.yml")
      expect(workflow.includes("setup-go")).toBe(go)
      const { jobs } = parse(workflow) as { jobs: { test: { steps: object[] } } }
      expect(jobs.test.steps).toHaveLength(go ? 5 : 4)
    },
  )

  test("links only to files that exist", () => {
    const copy = product()
    const broken = copy
      .files()
      .filter((path) => path.endsWith(".md"))
      .flatMap((path) =>
        // A path with parentheses is in angle brackets.
        [...copy.read(path).matchAll(/\]\((?!https?:)(?:<([^>]+)>|([^)#\s]+))/g)]
          .map(([, bracketed, link = ""]) => join(dirname(path), bracketed ?? link))
          .filter((link) => !copy.has(link))
          .map((link) => `${path}: ${link}`),
      )
    expect(broken).toEqual([])
  })

  test("can be made after an example was deleted by hand", () => {
    const copy = new Copy(process.cwd(), join(folder, "by-hand"))
    rmSync(join(copy.folder, "examples/go"), { recursive: true, force: true })
    makeProduct(copy, acme, undefined)
    expect(copy.has("examples/express")).toBe(false)
  })
})

describe("a copy", () => {
  let project: string
  let copy: Copy
  beforeEach(() => {
    rmSync(join(folder, "project"), { recursive: true, force: true })
    project = join(folder, "project")
    mkdirSync(join(project, "a"), { recursive: true })
    writeFileSync(join(project, "a/one.txt"), "one")
    writeFileSync(join(project, "two.txt"), "two")
    writeFileSync(join(project, ".env.local"), "SECRET=1")
    copy = new Copy(project)
  })

  test("leaves out local settings", () => {
    expect(copy.files()).toEqual(["a/one.txt", "two.txt"])
  })

  test("refuses an edit that would change nothing, and says where", () => {
    expect(() => {
      copy.replace("two.txt", "three", "four")
    }).toThrow(new InitError('two.txt has no "three". Restore it, or make this change by hand afterwards.'))
    expect(() => {
      copy.edit("two.txt", (text) => text)
    }).toThrow(/^two\.txt was not changed/)
    expect(() => {
      copy.remove("three.txt")
    }).toThrow(/^three\.txt is missing/)
    expect(() => copy.read("three.txt")).toThrow(/^three\.txt is missing/)
  })

  test("changes the project only when it is swapped in", () => {
    copy.replace("two.txt", "two", "$& 2")
    copy.remove("a")
    expect(readFileSync(join(project, "two.txt"), "utf8")).toBe("two")
    expect(existsSync(join(project, "a/one.txt"))).toBe(true)

    copy.swapIn()
    copy.discard()
    expect(readFileSync(join(project, "two.txt"), "utf8")).toBe("$& 2")
    expect(readdirSync(project).sort()).toEqual([".env.local", ".test", "two.txt"])
  })

  test("that cannot be swapped in whole leaves the project as it was", () => {
    copy.remove("a")
    copy.replace("two.txt", "two", "2")
    rmSync(join(copy.folder, "two.txt"))
    expect(() => {
      copy.swapIn()
    }).toThrow(/ENOENT/)
    expect(readFileSync(join(project, "two.txt"), "utf8")).toBe("two")
    expect(readFileSync(join(project, "a/one.txt"), "utf8")).toBe("one")
  })
})

describe("answers", () => {
  test.each([
    ["Acme Invoices", "acme-invoices"],
    ["  Münze 2.0! ", "munze-2-0"],
    ["@acme/App_1", "acme-app-1"],
    ["日本", "app"],
    ["node_modules", "app"],
  ])("%j becomes the npm name %s", (name, expected) => {
    expect(packageName(name)).toBe(expected)
  })

  test.each(["", "  ", "a\nb", "a\u0000", "x".repeat(61)])("the name %j is refused", (name) => {
    expect(nameProblem(name)).toMatch(/^The name /)
  })

  test.each([
    "security",
    "http://acme.example",
    "javascript:alert(1)",
    "a b@acme.example",
    "<a@b.example>",
    "https://",
  ])("the contact %j is refused", (contact) => {
    expect(contactProblem(contact)).toContain("neither an email address nor an https URL")
  })

  test("flags are read", () => {
    expect(
      parseFlags([
        "--yes",
        "--name= Acme ",
        "--language=de",
        "--examples=go,express",
        "--security-contact=a@b.example",
      ]),
    ).toEqual({
      yes: true,
      skipChecks: false,
      onlyDefaultLanguage: false,
      name: "Acme",
      language: "de",
      examples: ["express", "go"],
      securityContact: "a@b.example",
    })
    expect(parseFlags(["--examples", "none", "--only-default-language"])).toEqual({
      yes: false,
      skipChecks: false,
      onlyDefaultLanguage: true,
      examples: [],
    })
  })

  test.each(["--help", "-h"])("%s asks for the usage", (flag) => {
    expect(parseFlags([flag, "--name", "Acme"])).toBe("help")
  })

  test.each([
    [["--nmae", "Acme"], /--nmae[^]*--name <name>/],
    [["--examples", "rust"], /--examples is "rust".*Use express, go/],
    [["--language", "tlh"], /--language is "tlh".*en, de, es/],
    [["--name", ""], /--name: The name is empty/],
    [["--security-contact", "nobody"], /--security-contact: "nobody" is neither/],
  ])("%j is refused with the cure", (args, message) => {
    expect(() => parseFlags(args)).toThrow(message)
  })
})
