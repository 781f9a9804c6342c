import { mkdir, readFile, rm } from "node:fs/promises"
import { join } from "node:path"
import { sessionSecret, withoutSettings } from "../e2e/settings"
import { nodeModule, SetupError, projectDir, start, stopAll } from "./processes"

/** The runner behind `npm test`. Fast checks run first. The last line of the output adds up the tests that ran. */

interface Count {
  passed: number
  failed: number
  skipped: number
}

const total: Count = { passed: 0, failed: 0, skipped: 0 }

/** Reports of the parts, as JSON. */
export const reports = join(projectDir, ".test", "reports")
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

export interface Part {
  file: string
  args: string[]
  cwd?: string
  env?: Readonly<Record<string, string | undefined>>
  /** Of a part that is tests: how many there were, going by its output or its report. */
  count?: (output: readonly string[]) => Promise<Count> | Count
}

/** Runs one part to its end, with its output shown as it comes. A part that fails counts as one failed test at least. */
export async function part(
  name: string,
  { file, args, cwd = projectDir, env = appEnv, count }: Part,
): Promise<boolean> {
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
  if (count && ok && counted.passed === 0) throw new SetupError(`${name} ran no test.`)
  if (!ok) {
    console.log(`${name} ${how}.`)
    counted.failed ||= 1
  }
  for (const key of ["passed", "failed", "skipped"] as const) total[key] += counted[key]
  return ok
}

/** A part that is a program of one of this project's packages. */
export const node = (program: string, ...args: string[]): Part => ({
  file: process.execPath,
  args: [nodeModule(program), ...args],
})

async function report(name: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(reports, name), "utf8").catch(() => "{}")) as Record<string, unknown>
}

const number = (value: unknown): number => (typeof value === "number" ? value : 0)

/** Counts of a Vitest run that wrote `unit.json`. */
export async function countUnitTests(): Promise<Count> {
  const { numPassedTests, numFailedTests, numPendingTests } = await report("unit.json")
  return { passed: number(numPassedTests), failed: number(numFailedTests), skipped: number(numPendingTests) }
}

/** The browser tests of one Playwright configuration. */
export function browserTests(config: string, ...args: string[]): Part {
  const name = `${config.replace(/\W+/g, "-")}.json`
  return {
    ...node("playwright/cli.js", "test", "--config", config, ...args),
    env: { ...appEnv, PLAYWRIGHT_REPORT: join(reports, name) },
    count: async () => {
      const stats = ((await report(name)).stats ?? {}) as Record<string, unknown>
      return {
        passed: number(stats.expected),
        failed: number(stats.unexpected) + number(stats.flaky),
        skipped: number(stats.skipped),
      }
    },
  }
}

/** Node's own test runner ends with lines such as `# pass 12`. */
export function countNodeTests(output: readonly string[]): Count {
  const last = (what: string): number =>
    Number(
      output
        .map((line) => new RegExp(`^[#ℹ] ${what} (\\d+)$`).exec(line)?.[1])
        .findLast((match) => match !== undefined) ?? 0,
    )
  return { passed: last("pass"), failed: last("fail"), skipped: last("skipped") }
}

/** `go test -json` writes a line for each event; the parts of a test are no tests of their own here. */
export function countGoTests(output: readonly string[]): Count {
  const events = output
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as { Action?: string; Test?: string })
  const of = (action: string): number =>
    events.filter(({ Action, Test }) => Action === action && Test !== undefined && !Test.includes("/")).length
  return { passed: of("pass"), failed: of("fail"), skipped: of("skip") }
}

/** Notes a part that this machine cannot run. In CI that is an error. */
export function skip(why: string): void {
  if (process.env.CI) throw new SetupError(why)
  console.log(`\n${why}`)
  total.skipped += 1
}

/** Runs the tests, then prints the line that adds them up. The exit code is 1 when a test failed. */
export async function runTests(tests: () => Promise<void>): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => {
      void stopAll().finally(() => process.exit(1))
    })
  try {
    await tests()
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    console.log(error.message)
    total.failed += 1
  }
  if (total.skipped > 0) console.log(`\n${total.skipped} skipped`)
  console.log(`\n${total.passed} passed, ${total.failed} failed`)
  process.exitCode = total.failed === 0 ? 0 : 1
}
