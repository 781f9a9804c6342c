import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { sessionSecret, withoutSettings } from "../e2e/settings"
import { freePorts, nodeModule, Problem, projectDir, run, start, stopAll } from "./processes"
import { startOry } from "./stack"

/** `npm test`: everything, in the order in which it is quick to fail. The last line adds up the tests that ran. */

interface Count {
  passed: number
  failed: number
  skipped: number
}

const total: Count = { passed: 0, failed: 0, skipped: 0 }

const reports = join(projectDir, ".test", "reports")
await rm(reports, { recursive: true, force: true })
await mkdir(reports, { recursive: true })

const appEnv = {
  ...withoutSettings(),
  ORY_SDK_URL: "http://localhost:4000",
  APP_URL: "http://localhost:3000",
  SESSION_SECRET: sessionSecret,
  SESSION_CACHE_SECONDS: "30",
  NEXT_TELEMETRY_DISABLED: "1",
}

interface Part {
  file: string
  args: string[]
  cwd?: string
  env?: Readonly<Record<string, string | undefined>>
  /** Of a part that is tests: how many there were, going by its output or its report. */
  count?: (output: readonly string[]) => Promise<Count> | Count
}

/** Runs one part to its end, with its output shown as it comes. A part that fails counts as one failed test at least. */
async function part(name: string, { file, args, cwd = projectDir, env = appEnv, count }: Part): Promise<boolean> {
  console.log(`\n== ${name}`)
  const output: string[] = []
  const running = await start(file, args, {
    cwd,
    env,
    patience: 15_000,
    log: (line) => {
      output.push(line)
      // Go's report is for machines: of it, only what tests wrote.
      const written = line.startsWith('{"Time"') ? (JSON.parse(line) as { Output?: string }).Output?.trimEnd() : line
      if (written !== undefined && !/^=== /.test(written)) console.log(written)
    },
  })
  const { ok, how } = await running.ended
  // A browser or a server that outlived it.
  await running.stop()
  const counted = count ? await count(output) : { passed: 0, failed: 0, skipped: 0 }
  if (count && ok && counted.passed === 0) throw new Problem(`${name} ran no test.`)
  if (!ok) {
    console.log(`${name} ${how}.`)
    counted.failed ||= 1
  }
  for (const key of ["passed", "failed", "skipped"] as const) total[key] += counted[key]
  return ok
}

/** A part that is a program of one of this project's packages. */
const node = (program: string, ...args: string[]): Part => ({
  file: process.execPath,
  args: [nodeModule(program), ...args],
})

async function report(name: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(reports, name), "utf8").catch(() => "{}")) as Record<string, unknown>
}

const number = (value: unknown): number => (typeof value === "number" ? value : 0)

async function countUnitTests(): Promise<Count> {
  const { numPassedTests, numFailedTests, numPendingTests } = await report("unit.json")
  return { passed: number(numPassedTests), failed: number(numFailedTests), skipped: number(numPendingTests) }
}

async function countBrowserTests(): Promise<Count> {
  const stats = ((await report("browser.json")).stats ?? {}) as Record<string, unknown>
  return {
    passed: number(stats.expected),
    failed: number(stats.unexpected) + number(stats.flaky),
    skipped: number(stats.skipped),
  }
}

/** Node's own test runner ends with lines such as `# pass 12`. */
function countNodeTests(output: readonly string[]): Count {
  const last = (what: string): number =>
    Number(
      output
        .map((line) => new RegExp(`^[#ℹ] ${what} (\\d+)$`).exec(line)?.[1])
        .findLast((match) => match !== undefined) ?? 0,
    )
  return { passed: last("pass"), failed: last("fail"), skipped: last("skipped") }
}

/** `go test -json` writes a line for each event; the parts of a test are no tests of their own here. */
function countGoTests(output: readonly string[]): Count {
  const events = output
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { Action?: string; Test?: string })
  const of = (action: string): number =>
    events.filter(({ Action, Test }) => Action === action && Test !== undefined && !Test.includes("/")).length
  return { passed: of("pass"), failed: of("fail"), skipped: of("skip") }
}

/** Both examples, against one real Ory. */
async function examples(): Promise<void> {
  const [app, ory, adminPort, mailPort, inboxPort] = await freePorts()
  const dataDir = await mkdtemp(join(tmpdir(), "ory-starter-"))
  const oryUrl = `http://localhost:${ory}`
  const local = await startOry({
    appUrl: `http://localhost:${app}`,
    oryUrl,
    adminPort,
    mailPort,
    inboxPort,
    dataDir,
    log: () => undefined,
  })
  const env = { ...process.env, TEST_ORY_URL: oryUrl, TEST_ORY_ADMIN_URL: local.adminUrl }
  try {
    const express = { cwd: join(projectDir, "examples", "express"), env }
    await part("Express example: packages", { ...express, file: "npm", args: ["ci", "--prefer-offline"] })
    await part("Express example: lint", { ...express, file: "npm", args: ["run", "lint"] })
    await part("Express example: types", { ...express, file: "npm", args: ["run", "typecheck"] })
    await part("Express example: tests", { ...express, file: "npm", args: ["test"], count: countNodeTests })

    const go = { cwd: join(projectDir, "examples", "go"), env }
    if (
      !(await run("go", ["version"]).then(
        () => true,
        () => false,
      ))
    ) {
      console.log("\nGo is missing, so the Go example is not tested. Install it from https://go.dev/dl.")
      if (process.env.CI) throw new Problem("In CI that is a failure.")
      total.skipped += 1
      return
    }
    await part("Go example: format", {
      ...go,
      file: "sh",
      args: ["-c", 'unformatted=$(gofmt -l .) && echo "$unformatted" && test -z "$unformatted"'],
    })
    await part("Go example: vet", { ...go, file: "go", args: ["vet", "./..."] })
    await part("Go example: staticcheck", {
      ...go,
      file: "go",
      args: ["run", "honnef.co/go/tools/cmd/staticcheck@v0.8.2", "./..."],
    })
    await part("Go example: tests", {
      ...go,
      file: "go",
      args: ["test", "-race", "-count=1", "-json", "./..."],
      count: countGoTests,
    })
  } finally {
    await local.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function main(): Promise<void> {
  await part("Lint", node("eslint/bin/eslint.js", ".", "--max-warnings", "0"))
  await part("Format", node("prettier/bin/prettier.cjs", "--check", "--log-level", "warn", "."))
  await part("Types of the routes", node("next/dist/bin/next", "typegen"))
  await part("Types", node("typescript/bin/tsc", "--noEmit"))
  const unitReport = ["--reporter=default", "--reporter=json", `--outputFile.json=${join(reports, "unit.json")}`]
  await part("Unit tests", { ...node("vitest/vitest.mjs", "run", ...unitReport), count: countUnitTests })
  await examples()
  if (await part("Production build", node("next/dist/bin/next", "build"))) {
    const projects = ["direct", "same-origin", "behind-app", "tunnel"].flatMap((name) => ["--project", name])
    await part("Browser tests", { ...node("playwright/cli.js", "test", ...projects), count: countBrowserTests })
  }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => {
    void stopAll().finally(() => process.exit(1))
  })

try {
  await main()
} catch (error) {
  if (!(error instanceof Problem)) throw error
  console.log(error.message)
  total.failed += 1
}
if (total.skipped > 0) console.log(`\n${total.skipped} skipped`)
console.log(`\n${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 ? 0 : 1
