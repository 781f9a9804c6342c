import { readFileSync, renameSync } from "node:fs"
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { execa } from "execa"
import { freePorts } from "../../e2e/ports"
import { startApp } from "../../e2e/servers"
import { expect, test } from "../../e2e/fixtures"
import { Copy } from "../init/copy"

/** The project as `npx create-next-app -e <repository>` leaves it: without `.git`, and in a folder with another name. */

test.describe.configure({ mode: "serial" })

let folder: string
test.beforeAll(async () => {
  const parent = await mkdtemp(join(tmpdir(), "ory-local-copy-"))
  folder = join(parent, "My Product 2")
  renameSync(new Copy(resolve("."), parent).folder, folder)
})
test.afterAll(() => rm(dirname(folder), { recursive: true, force: true }))

/** Only these variables, so that the commands use their own defaults. */
const env = Object.fromEntries(
  ["PATH", "HOME", "TMPDIR", "KRATOS_BIN"].map((name) => [name, process.env[name]] as const),
)

async function run(file: string, args: readonly string[], settings: Record<string, string> = {}): Promise<string> {
  const { exitCode, all } = await execa(file, args, {
    cwd: folder,
    env: { ...env, NEXT_TELEMETRY_DISABLED: "1", ...settings },
    extendEnv: false,
    all: true,
    reject: false,
    stdin: "ignore",
  })
  expect(exitCode, all).toBe(0)
  return all
}

test("installs, passes its quick checks, builds and passes the main flows", { tag: "@slow" }, async () => {
  test.setTimeout(1_800_000)
  await run("npm", ["install", "--prefer-offline", "--no-audit"])
  expect(await run("npm", ["run", "test:quick"])).toMatch(/Test Files .*passed/)
  await run("npm", ["run", "build"], { ORY_SDK_URL: "http://not-known-yet.invalid" })
  expect(await run("npx", ["playwright", "test", "starter"])).toMatch(/\d+ passed/)
})

test("with the handler of docs/make-it-yours.md, runs code at each sign-up", { tag: "@slow" }, async () => {
  test.setTimeout(300_000)
  const docs = readFileSync("docs/make-it-yours.md", "utf8")
  const [, path = "", code = ""] = /```ts\n\/\/ (app\/api\/hooks\/\S+)\n([^]*?)```/.exec(docs) ?? []
  const [, access = ""] = /`(\["\/api\/hooks\/\*", .*?\])`/.exec(docs) ?? []
  await mkdir(dirname(join(folder, path)), { recursive: true })
  await writeFile(join(folder, path), code)
  const routes = join(folder, "lib/routes.ts")
  const before = await readFile(routes, "utf8")
  await writeFile(routes, before.replace("  [paths.healthApi,", `  ${access},\n  [paths.healthApi,`))
  await run("npm", ["run", "build"], { ORY_SDK_URL: "http://not-known-yet.invalid" })

  const [port] = await freePorts()
  const log: string[] = []
  const app = `http://localhost:${port}`
  const settings = { ORY_SDK_URL: "http://localhost:9", APP_URL: app, SIGN_UP_HOOK_SECRET: "a long random value" }
  const stop = await startApp(port, settings, (_, line) => log.push(line), folder)
  try {
    const send = async (authorization: string): Promise<number> => {
      const body = JSON.stringify({ id: "1", email: "ada@example.com" })
      const response = await fetch(`${app}/api/hooks/sign-up`, { method: "POST", headers: { authorization }, body })
      return response.status
    }
    expect(await send("another value")).toBe(401)
    expect(await send("a long random value")).toBe(204)
    expect(log.filter((line) => line.includes("signed up"))).toEqual(["1 signed up as ada@example.com"])
  } finally {
    await stop()
  }
})
