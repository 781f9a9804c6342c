import { chmod, rm } from "node:fs/promises"
import { stripVTControlCharacters } from "node:util"
import { execa } from "execa"
import { expect, test } from "playwright/test"
import { isWarning } from "../../scripts/test-runner"
import { copyProject } from "./copy-project"

/**
 * The project after the move to Next's new convention, which runs the gate on Node.
 * `npm run test:template -- --project proxy` runs this. It takes about 15 minutes.
 */
test.describe.configure({ mode: "serial", timeout: 1_800_000 })

let folder: string
let status: string
let build: string
test.beforeAll(async () => {
  test.setTimeout(600_000)
  folder = await copyProject()
  // When this process is root, PostgreSQL runs as another user from this folder.
  await chmod(folder, 0o755)
  await run("git", "init", "--quiet")
  await run("git", "add", "--all")
  await run("git", "-c", "user.name=Test", "-c", "user.email=test@example.com", "commit", "--quiet", "-m", "Start")
  await run("git", "mv", "middleware.ts", "proxy.ts")
  status = await run("git", "status", "--porcelain")
  build = await run("npm", "run", "build")
})
test.afterAll(() => rm(folder, { recursive: true, force: true }))

/** Only these variables, so that the copy's commands use their own defaults. */
const env = Object.fromEntries(
  ["PATH", "HOME", "TMPDIR", "KRATOS_BIN"].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value]]
  }),
)

/** Runs a command in the copy, and returns its output. */
async function run(file: string, ...args: string[]): Promise<string> {
  const { all, failed } = await execa(file, args, {
    cwd: folder,
    env: { ...env, ORY_SDK_URL: "http://localhost:4000", APP_URL: "http://localhost:3000" },
    extendEnv: false,
    all: true,
    reject: false,
    stdin: "ignore",
  })
  const output = stripVTControlCharacters(all)
  expect(failed, output).toBe(false)
  return output
}

const CONFIG = ["--config", "template/playwright.config.ts"]

/** Runs tests in the copy, and asserts that some ran. */
async function passes(...command: [string, ...string[]]): Promise<void> {
  const passed = /^\s*(?:Tests +)?(\d+) passed/m.exec(await run("npx", ...command))?.[1]
  console.log(`      ${passed ?? "none"} passed: ${command.join(" ")}`)
  expect(Number(passed)).toBeGreaterThan(0)
}

test("git mv middleware.ts proxy.ts is the whole move, and the build has no warning", () => {
  expect(status.trim()).toBe("R  middleware.ts -> proxy.ts")
  expect(build.split("\n").filter(isWarning)).toEqual([])
})

test("the gate's unit tests pass", () => passes("vitest", "run", "lib/gate.test.ts"))

for (const suites of ["bypass", "requests outage statuses"])
  test(`these suites pass: ${suites}`, () => passes("playwright", "test", ...suites.split(" ")))

test("the suites of the build and of the same-origin topology pass", () =>
  passes("playwright", "test", "build.spec", "same-origin.spec", ...CONFIG, "--project", "template"))

test("the suites of the standalone server pass", () =>
  passes("playwright", "test", "instances", "public-files", "oracle", ...CONFIG, "--project", "slow"))
