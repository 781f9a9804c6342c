import { mkdir, readFile, rm } from "node:fs/promises"
import { join } from "node:path"
import { stripVTControlCharacters } from "node:util"
import { sessionSecret, withoutSettings } from "../e2e/settings"
import { nodeModule, projectDir, runMain, SetupError, start } from "./processes"

/** The runner behind `npm test`. It ends with the names of the failed tests and the count of all parts. */

interface Count {
  passed: number
  failed: number
  skipped: number
  /** Names and errors of the failed tests, for suites that report them. */
  failures?: readonly string[]
}

const total = { passed: 0, failed: 0, skipped: 0 }
const failures: string[] = []

/** Folder of the JSON reports. */
export const reports = join(projectDir, ".test", "reports")

const appEnv = {
  ...withoutSettings(),
  ORY_SDK_URL: "http://localhost:4000",
  APP_URL: "http://localhost:3000",
  SESSION_SECRET: sessionSecret,
  SESSION_CACHE_SECONDS: "30",
  NEXT_TELEMETRY_DISABLED: "1",
}

export interface Part {
  file: string
  args: string[]
  cwd?: string
  env?: Readonly<Record<string, string | undefined>>
  /** Counts the part's tests from its output or its report. Missing when the part is not a test suite. */
  count?: (output: readonly string[]) => Promise<Count> | Count
}

/** Runs one part and shows its output. Returns whether it succeeded. A failed part counts as at least one failed test. */
export async function part(
  name: string,
  { file, args, cwd = projectDir, env = appEnv, count }: Part,
): Promise<boolean> {
  console.log(`\n== ${name}`)
  const started = performance.now()
  const output: string[] = []
  const log = (line: string): void => {
    output.push(line)
    // `go test -json` wraps the output of tests in events.
    const text = line.startsWith('{"Time"') ? (JSON.parse(line) as { Output?: string }).Output?.trimEnd() : line
    if (text !== undefined && !text.startsWith("=== ")) console.log(text)
  }
  const running = await start(file, args, { cwd, env, patience: 15_000, log })
  const { ok, how } = await running.ended
  // Stops browsers and servers that the part left behind.
  await running.stop()
  console.log(`${name}: ${((performance.now() - started) / 1000).toFixed(0)} s`)
  const counted = count ? await count(output) : { passed: 0, failed: 0, skipped: 0 }
  if (count && ok && counted.passed + counted.failed === 0) throw new SetupError(`${name} ran no test.`)
  if (!ok) {
    console.log(`${name} ${how}.`)
    counted.failed ||= 1
    failures.push(...(counted.failures?.length ? counted.failures : [`${name} ${how}.`]))
  }
  for (const key of ["passed", "failed", "skipped"] as const) total[key] += counted[key]
  return ok
}

/** A part that runs a program of an npm package. */
export const node = (program: string, ...args: string[]): Part => ({
  file: process.execPath,
  args: [nodeModule(program), ...args],
})

/** A JSON report, or an empty object if the part ended before it wrote one. */
async function report<T>(name: string): Promise<Partial<T>> {
  return JSON.parse(await readFile(join(reports, name), "utf8").catch(() => "{}")) as Partial<T>
}

interface UnitReport {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
}

/** Counts the tests of a Vitest run that wrote `unit.json`. */
export async function countUnitTests(): Promise<Count> {
  const { numPassedTests = 0, numFailedTests = 0, numPendingTests = 0 } = await report<UnitReport>("unit.json")
  return { passed: numPassedTests, failed: numFailedTests, skipped: numPendingTests }
}

/** Whether Next logged this line as a warning. */
export const isWarning = (line: string): boolean => line.trimStart().startsWith("⚠")

/** The warnings that a build may log. The first is gone after `git mv middleware.ts proxy.ts`, the second after a first build. */
const EXPECTED_WARNINGS = [
  'The "middleware" file convention is deprecated. Please use "proxy" instead.',
  "No build cache found.",
]

/** Counts a build without an unexpected warning as one passed test. */
export function countBuildWarnings(output: readonly string[]): Count {
  const warnings = output.filter(isWarning).filter((line) => !EXPECTED_WARNINGS.some((text) => line.includes(text)))
  if (warnings.length > 0) console.log(`The build logged warnings:\n${warnings.join("\n")}`)
  return { passed: warnings.length === 0 ? 1 : 0, failed: warnings.length === 0 ? 0 : 1, skipped: 0 }
}

interface BrowserReport {
  stats: Record<"expected" | "unexpected" | "flaky" | "skipped", number>
  suites: BrowserSuite[]
}

interface BrowserSuite {
  title: string
  suites?: BrowserSuite[]
  specs: { ok: boolean; title: string; tests: { results: { error?: { message?: string } }[] }[] }[]
}

/** The failed tests of a suite: file, titles and the first lines of the error. */
function failedBrowserTests({ title, suites = [], specs }: BrowserSuite): string[] {
  const failed = specs.filter(({ ok }) => !ok)
  const own = failed.map((spec) => {
    const errors = spec.tests.flatMap(({ results }) => results.map(({ error }) => error?.message ?? ""))
    return [spec.title, ...stripVTControlCharacters(errors.join("\n")).split("\n").slice(0, 12)].join("\n    ")
  })
  return [...own, ...suites.flatMap(failedBrowserTests)].map((text) => `${title} › ${text}`)
}

/** The browser tests of one Playwright configuration. */
export function browserTests(config: string, ...args: string[]): Part {
  const name = `${config.replace(/\W+/g, "-")}.json`
  return {
    ...node("playwright/cli.js", "test", "--config", config, ...args),
    env: { ...appEnv, PLAYWRIGHT_REPORT: join(reports, name) },
    count: async () => {
      const { stats, suites = [] } = await report<BrowserReport>(name)
      const { expected = 0, unexpected = 0, flaky = 0, skipped = 0 } = stats ?? {}
      return { passed: expected, failed: unexpected + flaky, skipped, failures: suites.flatMap(failedBrowserTests) }
    },
  }
}

/** Node's test runner ends with lines such as `# pass 12`. */
export function countNodeTests(output: readonly string[]): Count {
  const last = (what: string): number => {
    const line = output.findLast((text) => new RegExp(`^[#ℹ] ${what} \\d+$`).test(text))
    return Number(line?.split(" ").at(-1) ?? 0)
  }
  return { passed: last("pass"), failed: last("fail"), skipped: last("skipped") }
}

/** Counts the events of `go test -json`. Subtests, which have a slash in their name, don't count. */
export function countGoTests(output: readonly string[]): Count {
  const events = output
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { Action?: string; Test?: string })
    .filter(({ Test }) => Test !== undefined && !Test.includes("/"))
  const count = (action: string): number => events.filter(({ Action }) => Action === action).length
  const failures = events.filter(({ Action }) => Action === "fail").map(({ Test }) => `Go example: ${Test}`)
  return { passed: count("pass"), failed: failures.length, skipped: count("skip"), failures }
}

/** Reports a part that can't run on this machine. In CI it is an error. */
export function skip(why: string): void {
  if (process.env.CI) throw new SetupError(why)
  console.log(`\n${why}`)
  total.skipped += 1
}

/** Runs the tests and prints the total. The exit code is 1 when a test failed or the run was interrupted. */
export async function runTests(tests: () => Promise<void>): Promise<never> {
  process.exitCode = 1
  return runMain(async () => {
    await rm(reports, { recursive: true, force: true })
    await mkdir(reports, { recursive: true })
    try {
      await tests()
    } catch (error) {
      if (!(error instanceof SetupError)) throw error
      failures.push(error.message)
      total.failed += 1
    }
    if (failures.length > 0) console.log(`\nFailed:\n${failures.map((text) => `- ${text}`).join("\n")}`)
    if (total.skipped > 0) console.log(`\n${total.skipped} skipped`)
    console.log(`\n${total.passed} passed, ${total.failed} failed`)
    process.exitCode = total.failed === 0 ? 0 : 1
  })
}
