import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { stripVTControlCharacters } from "node:util"
import { spawn, type IPty } from "@lydell/node-pty"
import { execa } from "execa"
import { expect, test } from "playwright/test"
import { mainFlows } from "../playwright.config"
import { Copy } from "../init/copy"
import { leftovers } from "../init/edits"

/** `npm run init` in clones of this project. `npm run test:template -- init` runs it, after `npm run build`. */

test.describe.configure({ mode: "parallel", timeout: 180_000 })

const DOWN = "\x1b[B"
const CTRL_C = "\x03"

const both = existsSync("examples/express") && existsSync("examples/go")

const folders: string[] = []
test.afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

/** A clone with this project's packages, as its owner has it before `npm run init`. */
async function clone({ git = true } = {}): Promise<string> {
  const parent = await mkdtemp(join(tmpdir(), "ory-local-init-"))
  folders.push(parent)
  const { folder } = new Copy(resolve("."), join(parent, "clone"))
  symlinkSync(resolve("node_modules"), join(folder, "node_modules"))
  if (git) {
    await execa("git", ["init", "--quiet", "--initial-branch", "main"], { cwd: folder })
    // `node_modules/` in .gitignore doesn't match a link.
    writeFileSync(join(folder, ".git/info/exclude"), "node_modules\n")
    await execa("git", ["add", "--all"], { cwd: folder })
    await execa("git", [...AUTHOR, "commit", "--quiet", "--message", "Start"], { cwd: folder })
  }
  return folder
}

const AUTHOR = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]

/** Only these variables, so that the clone's commands use their own defaults. */
const env = Object.fromEntries(
  ["PATH", "HOME", "TMPDIR", "KRATOS_BIN"].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value]]
  }),
)

const init = (folder: string, ...args: string[]): ReturnType<typeof run> =>
  run(folder, "npm", "run", "init", "--", ...args)

async function run(
  folder: string,
  file: string,
  ...args: string[]
): Promise<{ exitCode: number | undefined; text: string }> {
  const { exitCode, all } = await execa(file, args, {
    cwd: folder,
    env,
    extendEnv: false,
    all: true,
    reject: false,
    stdin: "ignore",
  })
  return { exitCode, text: stripVTControlCharacters(all) }
}

const status = async (folder: string): Promise<string[]> =>
  (await execa("git", ["status", "--porcelain"], { cwd: folder })).stdout.split("\n").filter((line) => line !== "")

/** `npm run init` in a terminal. */
class Terminal {
  output = ""
  readonly exited: Promise<number>
  readonly #pty: IPty

  constructor(folder: string, ...args: string[]) {
    this.#pty = spawn("npm", ["run", "init", "--", ...args], {
      cwd: folder,
      env: { ...env, TERM: "xterm" },
      cols: 120,
      rows: 40,
    })
    this.#pty.onData((data) => {
      this.output += stripVTControlCharacters(data)
    })
    this.exited = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode, signal }) => {
        resolve(signal ? 128 + signal : exitCode)
      })
    })
  }

  async shows(text: string): Promise<void> {
    await expect.poll(() => this.output, { timeout: 120_000 }).toContain(text)
  }

  type(keys: string): void {
    this.#pty.write(keys)
  }

  /** Kills npm and what it started at once, so that nothing can clean up. */
  kill(): void {
    process.kill(-this.#pty.pid, "SIGKILL")
  }
}

test("typed answers make a product that passes its checks, builds and runs", async () => {
  test.skip(!both, "An example was deleted by hand.")
  test.setTimeout(1_800_000)
  const folder = await clone()

  await test.step("answer the questions, keep the Go example", async () => {
    const terminal = new Terminal(folder)
    await terminal.shows("What is your product's name?")
    terminal.type("Acme Invoices\r")
    await terminal.shows("What is your product's default language?")
    terminal.type(DOWN)
    terminal.type("\r")
    await terminal.shows("Remove the other languages (English, Spanish)?")
    terminal.type("y")
    await terminal.shows("Where do people report security problems?")
    terminal.type("nobody\r")
    await terminal.shows('"nobody" is neither an email address nor an https URL.')
    terminal.type("\x7f".repeat(6) + "security@acme.example\r")
    await terminal.shows("Which examples do you keep?")
    terminal.type(DOWN)
    terminal.type(" ")
    terminal.type("\r")
    expect(await terminal.exited, terminal.output).toBe(0)
    expect(terminal.output).toContain("> npm run test:quick")
    expect(terminal.output).toContain("Acme Invoices is ready. Nothing is committed yet.")
    expect(terminal.output).toContain("npm install && npm run dev")
  })

  await test.step("find only uncommitted changes, and no trace of the template", async () => {
    expect(new Set((await status(folder)).map((line) => line.slice(0, 2)))).toEqual(new Set([" M", " D"]))
    expect(readdirSync(join(folder, "examples"))).toEqual(["go"])
    expect(readdirSync(join(folder, "lib/texts")).sort()).toEqual(["de.ts", "index.ts", "texts.test.ts"])
    expect(existsSync(join(folder, "template"))).toBe(false)
    expect(leftovers(new Copy(folder, join(folder, "..", "read")))).toEqual([])
    expect(readFileSync(join(folder, "SECURITY.md"), "utf8")).toContain("<security@acme.example>")
    const { stdout: commit } = await execa("git", ["rev-parse", "HEAD"], { cwd: folder })
    expect(JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))).toMatchObject({
      name: "acme-invoices",
      template: { commit },
    })
  })

  await test.step("install the packages of the new lock file", async () => {
    rmSync(join(folder, "node_modules"))
    expect(await run(folder, "npm", "ci", "--prefer-offline", "--no-audit")).toMatchObject({ exitCode: 0 })
  })

  await test.step("build it, and run the main flows in a browser", async () => {
    const built = await execa("npm", ["run", "build"], {
      cwd: folder,
      env: {
        ...env,
        ORY_SDK_URL: "http://localhost:4000",
        APP_URL: "http://localhost:3000",
        NEXT_TELEMETRY_DISABLED: "1",
      },
      extendEnv: false,
      all: true,
      reject: false,
    })
    expect(built.exitCode, built.all).toBe(0)
    const flows = await run(folder, "npx", "playwright", "test", ...mainFlows)
    expect(flows.exitCode, flows.text).toBe(0)
    expect(flows.text).toMatch(/\d+ passed/)
  })
})

for (const { examples, left } of [
  { examples: "express,go", left: ["express", "go"] },
  { examples: "go", left: ["go"] },
  { examples: "none", left: [] },
])
  test(`--yes asks nothing and keeps the examples: ${examples}`, async () => {
    test.skip(!both, "An example was deleted by hand.")
    const folder = await clone()
    const { exitCode, text } = await init(folder, "--yes", "--skip-checks", "--name", "Acme", "--examples", examples)
    expect(exitCode, text).toBe(0)
    expect(text).not.toContain("still name the template")
    expect(existsSync(join(folder, "examples")) ? readdirSync(join(folder, "examples")) : []).toEqual(left)
    expect(JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8"))).toMatchObject({ name: "acme" })
  })

test("uncommitted changes are refused, with the cure", async () => {
  const folder = await clone()
  writeFileSync(join(folder, "lib/mine.ts"), "")
  const { exitCode, text } = await init(folder, "--yes", "--name", "Acme")
  expect(exitCode).toBe(1)
  expect(text).toContain("lib/mine.ts")
  expect(text).toContain("git stash --include-untracked")
  expect(await status(folder)).toEqual(["?? lib/mine.ts"])
})

test("without a terminal and without --yes it says which flags to use", async () => {
  const folder = await clone()
  const { exitCode, text } = await init(folder, "--name", "Acme")
  expect(exitCode).toBe(1)
  expect(text).toContain("Use --yes and --name.")
  expect(await status(folder)).toEqual([])
})

test.describe("interrupted", () => {
  test("by Ctrl-C at a question, it leaves the project as it was", async () => {
    const folder = await clone()
    const terminal = new Terminal(folder)
    await terminal.shows("What is your product's name?")
    terminal.type(CTRL_C)
    expect(await terminal.exited).not.toBe(0)
    expect(terminal.output).toContain("Nothing was changed.")
    expect(await status(folder)).toEqual([])
  })

  test("by Ctrl-C during the quick checks, it leaves the project as it was", async () => {
    const folder = await clone()
    const terminal = new Terminal(folder, "--yes", "--name", "Acme")
    await terminal.shows("> npm run test:quick")
    terminal.type(CTRL_C)
    expect(await terminal.exited).not.toBe(0)
    expect(await status(folder)).toEqual([])
    await expect.poll(() => existsSync(join(folder, ".test/init"))).toBe(false)
  })

  test("by SIGKILL, it leaves the project as it was, and runs again", async () => {
    const folder = await clone()
    const terminal = new Terminal(folder, "--yes", "--name", "Acme")
    await terminal.shows("> npm run test:quick")
    terminal.kill()
    expect(await terminal.exited).not.toBe(0)
    expect(await status(folder)).toEqual([])
    expect(await init(folder, "--yes", "--skip-checks", "--name", "Acme")).toMatchObject({ exitCode: 0 })
  })
})

test("the commands of docs/keep-it-current.md apply a later change of the template to a changed product", async () => {
  const template = await clone()
  const folder = await clone()
  const edit = async (at: string, path: string, from: string, to: string): Promise<void> => {
    const text = readFileSync(join(at, path), "utf8")
    expect(text).toContain(from)
    writeFileSync(join(at, path), text.replace(from, to))
    await execa("git", [...AUTHOR, "commit", "--quiet", "--all", "--message", `Change ${path}`], { cwd: at })
  }
  const docs = readFileSync("docs/keep-it-current.md", "utf8")
  const commands = [/base=\$\(.+\)/, /git diff --binary[^]+?--3way/].map((pattern) => pattern.exec(docs)?.[0])

  expect(await init(folder, "--yes", "--skip-checks", "--name", "Acme", "--examples", "express")).toMatchObject({
    exitCode: 0,
  })
  await edit(folder, "components/document.tsx", "font-sans", "font-serif")
  await edit(template, "components/document.tsx", '"light dark"', '"light"')
  await edit(template, "lib/brand.ts", "example.com/terms", "example.com/legal")
  await edit(template, "template/test.ts", "npm test", "npm run test")

  await execa("git", ["remote", "add", "upstream", template], { cwd: folder })
  await execa("git", ["fetch", "--quiet", "upstream"], { cwd: folder })
  const applied = await run(folder, "sh", "-c", commands.join("\n"))
  expect(applied.exitCode, applied.text).toBe(0)
  expect(await status(folder)).toEqual(["M  components/document.tsx", "M  lib/brand.ts"])
  const layout = readFileSync(join(folder, "components/document.tsx"), "utf8")
  expect(layout).toContain("font-serif")
  expect(layout).toContain('colorScheme: "light"')
  const brand = readFileSync(join(folder, "lib/brand.ts"), "utf8")
  expect(brand).toContain('"Acme"')
  expect(brand).toContain("example.com/legal")
})

test.describe("without Git", () => {
  test("it asks first, and changes nothing when the answer is no", async () => {
    const folder = await clone({ git: false })
    const before = readdirSync(folder)
    const terminal = new Terminal(folder)
    await terminal.shows("so you can't undo this. Continue?")
    terminal.type("\r")
    expect(await terminal.exited).toBe(1)
    expect(terminal.output).toContain("Nothing was changed.")
    expect(readdirSync(folder)).toEqual(before)
  })

  test("--yes answers that question, too, and no commit is noted", async () => {
    const folder = await clone({ git: false })
    expect(await init(folder, "--yes", "--skip-checks", "--name", "Acme")).toMatchObject({ exitCode: 0 })
    const { template } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { template: object }
    expect(template).toEqual({ version: "0.1.0" })
  })
})
