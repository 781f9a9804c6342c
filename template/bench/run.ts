import { fork } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { collectedHeap, heapEnv, memory } from "../e2e/heap"
import { PAGE_LOAD, signedIn, type SignedIn } from "../../e2e/http"
import { Relay } from "../../e2e/relay"
import { startApp } from "../../e2e/servers"
import { freePorts } from "../../e2e/ports"
import { SetupError, projectDir, run, stopAll } from "../../scripts/processes"
import { startOry } from "../../scripts/stack"
import { paths } from "../../lib/routes"
import { clickThrough, withBrowser } from "./clicks"
import type { Job, Measured, Page } from "./load"
import {
  type Clicks,
  type Latency,
  median,
  medians,
  type Parallel,
  perVariant,
  read,
  type Results,
  type SignIn,
  type Soak,
  spread,
  table,
  taken,
  type Throughput,
  type Variant,
  VARIANTS,
  type Whoami,
  write,
} from "./results"
import { type Visit, visitSignIn } from "./sign-in"
import { build, weigh } from "./weights"

/**
 * `npm run bench` measures everything and writes the results to this folder. Arguments after `--`:
 * - names of parts: measure and print only these
 * - `table`: print the stored results and draw their charts again
 * - `--quick`: check in a minute that everything still runs
 * - `--runs 3`: measure throughput and latency in so many runs, each with new servers, and take the medians of all rounds
 */
const args = process.argv.slice(2)
const quick = args.includes("--quick")
const runs = args.includes("--runs") ? Number(args[args.indexOf("--runs") + 1]) : 1

/** Parts that are not compared with others, so their figures are also stored when they run alone. */
const ALONE = ["weights", "soak", "clicks", "sign-in"]

/** Durations in seconds, and numbers of rounds and users. */
const PLAN = quick
  ? {
      rounds: 1,
      warmUp: 1,
      throughput: 2,
      latency: 2,
      clicks: 8,
      clickers: 10,
      users: 20,
      soak: 8,
      phone: 3,
      visits: 1,
    }
  : {
      rounds: 3,
      warmUp: 4,
      throughput: 16,
      latency: 5,
      clicks: 60,
      clickers: 10,
      users: 200,
      soak: 240,
      phone: 30,
      visits: 9,
    }

const CONNECTIONS = 8
/** The delay of each call to Ory when Ory is far, in milliseconds. */
const FAR = 25
const CLICK_EVERY = 2
const AT_ONCE = 20

const start = performance.now()

function say(line: string): void {
  const seconds = Math.floor((performance.now() - start) / 1000)
  console.log(`[${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, "0")}] ${line}`)
}

/** Servers and users that all parts share. */
interface BenchContext {
  /** Version of Kratos. */
  kratos: string
  oryUrl: string
  adminUrl: string
  relay: Relay
  relayUrl: string
  users: readonly [SignedIn, ...SignedIn[]]
  ports: readonly [number, number]
  /** Runs a job in the load process. */
  play(job: Job): Promise<Measured>
}

async function throughput(context: BenchContext): Promise<Throughput> {
  say(`throughput: Ory near, ${CONNECTIONS} connections`)
  const measured = await rounds(context, context.oryUrl, CONNECTIONS, PLAN.throughput)
  const all = medians(measured, (one, empty) => ({
    ratio: one.perSecond / empty.perSecond,
    perSecond: one.perSecond,
    p99: one.p99,
  }))
  const spreads = spread(measured)
  return perVariant((variant) => ({ ...all[variant], ...spreads[variant] }))
}

async function latency(context: BenchContext): Promise<Latency> {
  say(`latency: Ory ${FAR} ms away, 1 connection`)
  const measured = await rounds(context, context.relayUrl, 1, PLAN.latency)
  return medians(measured, (one, empty) => ({ added: one.p50 - empty.p50, p50: one.p50, p99: one.p99 }))
}

/** Measures every variant once, then again. If the machine is slow for a while, it affects all variants. */
async function rounds(
  context: BenchContext,
  oryUrl: string,
  connections: number,
  seconds: number,
): Promise<Record<Variant, Measured[]>> {
  const measured = perVariant((): Measured[] => [])
  for (let run = 1; run <= runs; run++) {
    const one = await oneRun(context, oryUrl, connections, seconds)
    for (const variant of Object.keys(VARIANTS) as Variant[]) measured[variant].push(...one[variant])
  }
  return measured
}

async function oneRun(
  context: BenchContext,
  oryUrl: string,
  connections: number,
  seconds: number,
): Promise<Record<Variant, Measured[]>> {
  return withServers(context, oryUrl, async (urlOf) => {
    const measured = perVariant((): Measured[] => [])
    const variants = Object.keys(VARIANTS) as Variant[]
    // Code that has run more often is faster. So the second server, which has one variant, gets as much warm-up as the first.
    for (const variant of variants)
      for (const url of new Set([urlOf(variant), urlOf("starter-0")]))
        await load(context, { url, jars: `warm-up ${url} ${variant}`, connections, seconds: PLAN.warmUp })
    for (let round = 1; round <= PLAN.rounds; round++)
      for (const variant of variants) {
        // Each Ory has its own cookie jars, because a snapshot is valid for one Ory only.
        const users = { url: urlOf(variant), jars: `${oryUrl} ${variant}` }
        // With one connection, a round would mostly measure each user's first call to Ory. So every user loads a page first.
        if (connections === 1) await load(context, { ...users, connections: CONNECTIONS, seconds: PLAN.warmUp })
        const one = await load(context, { ...users, connections, seconds })
        measured[variant].push(one)
        say(
          `  round ${round} of ${PLAN.rounds}, ${variant.padEnd(10)} ${one.perSecond.toFixed(0).padStart(4)} per second, p50 ${ms(one.p50)}, p99 ${ms(one.p99)}`,
        )
      }
    return measured
  })
}

async function load(
  context: BenchContext,
  job: { url: string; jars: string; connections: number; seconds: number },
): Promise<Measured> {
  return assertValid(job.url, await context.play({ kind: "load", users: usersFor(context, job.url), ...job }))
}

/** Measures calls to Ory per page view with Kratos' own counter, for users who click every few seconds. */
async function whoami(context: BenchContext): Promise<Whoami> {
  say(`whoami: ${PLAN.clickers} users click every ${CLICK_EVERY} s for ${PLAN.clicks} s`)
  return withServers(context, context.oryUrl, async (urlOf) => {
    const perView = async (variant: Variant): Promise<number> => {
      const url = urlOf(variant)
      const users = usersFor(context, url).slice(0, PLAN.clickers)
      const before = await whoamiCount(context.adminUrl)
      const job: Job = {
        kind: "clicks",
        url,
        users,
        jars: `clicks ${variant}`,
        everySeconds: CLICK_EVERY,
        seconds: PLAN.clicks,
      }
      const { views } = assertValid(url, await context.play(job))
      const calls = (await whoamiCount(context.adminUrl)) - before
      say(`  ${variant.padEnd(10)} ${calls} calls for ${views} page views`)
      return calls / views
    }
    return {
      guide: await perView("guide"),
      "ory-nextjs": await perView("ory-nextjs"),
      "starter-0": await perView("starter-0"),
      starter: await perView("starter"),
    }
  })
}

/** Counts the calls to Ory for requests of one user at the same time. The user has no snapshot. */
async function parallel(context: BenchContext): Promise<Parallel> {
  say(`parallel: ${AT_ONCE} requests at the same time`)
  return withServers(context, context.oryUrl, async (urlOf) => {
    const calls = async (variant: Variant): Promise<number> => {
      const [{ cookie, email }] = context.users
      const request = async (): Promise<boolean> => {
        const response = await fetch(urlOf(variant), { headers: { ...PAGE_LOAD, cookie } })
        return response.status === 200 && (await response.text()).includes(email)
      }
      await request()
      const before = await whoamiCount(context.adminUrl)
      const own = await Promise.all(Array.from({ length: AT_ONCE }, request))
      if (own.includes(false)) throw new SetupError(`${urlOf(variant)}: a response was not the user's own page.`)
      const count = (await whoamiCount(context.adminUrl)) - before
      say(`  ${variant.padEnd(10)} ${count} calls`)
      return count
    }
    return {
      guide: await calls("guide"),
      "ory-nextjs": await calls("ory-nextjs"),
      "starter-0": await calls("starter-0"),
      starter: await calls("starter"),
    }
  })
}

/** 60 users load these pages in turn, on 12 connections. */
const SOAK_PAGES: readonly Page[] = [
  { path: "/dashboard", status: 200, shows: true },
  { path: "/account", status: 200, shows: true },
  { path: "/api/me", status: 200, shows: true },
  { path: "/account/devices", status: 200, shows: true },
  { path: "/", status: 200, shows: false },
  { path: "/no-such-page", status: 404, shows: false },
]

/** Measures the memory of the starter's server (`next start`) over minutes of load. */
async function soak(context: BenchContext): Promise<Soak> {
  const { oryUrl, ports, users: all } = context
  const [port] = ports
  say("soak: building the starter")
  await build(projectDir, { ORY_SDK_URL: oryUrl })
  const [heapPort] = await freePorts()
  const url = `http://localhost:${port}`
  const stop = await startApp(port, { ORY_SDK_URL: oryUrl, APP_URL: url, ...heapEnv(heapPort) }, undefined, projectDir)
  try {
    const users = all.slice(0, 60).map(({ cookie, email }) => ({ cookie, shows: email }))
    const job = { kind: "load", url, users, jars: "soak", connections: 12, pages: SOAK_PAGES } as const
    assertValid(url, await context.play({ ...job, seconds: PLAN.warmUp }))
    const before = await collectedHeap(heapPort)
    const samples: Soak["samples"] = []
    const sample = async (second: number): Promise<void> => {
      const { rss, heapUsed } = await memory(heapPort)
      samples.push({ second, rss, heap: heapUsed })
      say(
        `  ${String(second).padStart(3)} s, process ${(rss / 1e6).toFixed(0)} MB, heap ${(heapUsed / 1e6).toFixed(0)} MB`,
      )
    }
    const load = context.play({ ...job, seconds: PLAN.soak })
    await sample(0)
    const step = PLAN.soak / 48
    while (samples.length <= 48) {
      await sleep(step * 1000)
      await sample(samples.length * step)
    }
    const { views } = assertValid(url, await load)
    return {
      taken: taken(context.kratos),
      requests: views,
      samples,
      collected: { before, after: await collectedHeap(heapPort) },
    }
  } finally {
    await stop()
  }
}

/** Measures clicks in the starter's navigation, in a real browser. */
async function clicks({ adminUrl, kratos, ports: [port], relayUrl, users: [user] }: BenchContext): Promise<Clicks> {
  say("clicks: building the starter")
  await build(projectDir, { ORY_SDK_URL: relayUrl })
  const url = `http://localhost:${port}`
  const stop = await startApp(port, { ORY_SDK_URL: relayUrl, APP_URL: url }, undefined, projectDir)
  try {
    await clickThrough(url, user, 6)
    const before = await whoamiCount(adminUrl)
    const measured = await clickThrough(url, user, PLAN.phone)
    // The first page was loaded, not clicked. It has no snapshot, so it calls Ory once.
    const calls = (await whoamiCount(adminUrl)) - before - 1
    const all = (name: "change" | "content"): number => median(measured.map((one) => one[name]))
    return { taken: taken(kratos), change: all("change"), content: all("content"), whoami: calls / measured.length }
  } finally {
    await stop()
  }
}

/** Visits the starter's sign-in page in new browsers, in turn at its own address and at Ory's. */
async function signIn({ kratos, ports: [port], relayUrl }: BenchContext): Promise<SignIn> {
  say("sign-in: building the starter")
  await build(projectDir, { ORY_SDK_URL: relayUrl })
  const url = `http://localhost:${port}`
  // Ory returns to the origin in its configuration, which is this app's.
  const stop = await startApp(port, { ORY_SDK_URL: relayUrl, APP_URL: url }, undefined, projectDir)
  try {
    const visits: Record<"direct" | "byOry", Visit[]> = { direct: [], byOry: [] }
    await withBrowser(async (browser) => {
      await visitSignIn(browser, url + paths.login)
      while (visits.byOry.length < PLAN.visits) {
        visits.direct.push(await visitSignIn(browser, url + paths.login))
        visits.byOry.push(await visitSignIn(browser, `${relayUrl}/self-service/login/browser`))
      }
    })
    const all = (which: Visit[]): Visit => ({
      documents: median(which.map(({ documents }) => documents)),
      form: median(which.map(({ form }) => form)),
    })
    return { taken: taken(kratos), direct: all(visits.direct), byOry: all(visits.byOry) }
  } finally {
    await stop()
  }
}

async function whoamiCount(adminUrl: string): Promise<number> {
  const metrics = await (await fetch(`${adminUrl}/admin/metrics/prometheus`)).text()
  const counts = metrics.matchAll(
    /^http_requests_duration_seconds_count\{[^}]*endpoint="\/sessions\/whoami"[^}]*\} (\d+)$/gm,
  )
  return Array.from(counts, ([, count]) => Number(count)).reduce((total, count) => total + count, 0)
}

/** The users of a load test, and what their pages must show. Variants without a session check show the first user to all. */
function usersFor({ users }: BenchContext, url: string): Job["users"] {
  const showsUser = !/\/(none|empty)$/.test(url)
  return users.map(({ cookie, email }) => ({ cookie, shows: showsUser ? email : users[0].email }))
}

/** @throws SetupError when a response was not the user's own page, because then the figures mean nothing. */
function assertValid(url: string, measured: Measured): Measured {
  if (measured.wrong > 0 || measured.views === 0)
    throw new SetupError(
      `${url}: ${measured.wrong} of ${measured.views} responses were not the user's own page, so the figures are invalid. Run this part again with --quick, and check the pages.`,
    )
  return measured
}

/** Serves the build of this folder twice, with and without snapshots, while `work` runs. */
async function withServers<T>(
  context: BenchContext,
  oryUrl: string,
  work: (urlOf: (variant: Variant) => string) => Promise<T>,
): Promise<T> {
  const { users, ports } = context
  const example = await fetch(`${context.oryUrl}/sessions/whoami`, { headers: { cookie: users[0].cookie } })
  const env = { ORY_SDK_URL: oryUrl, BENCH_SESSION: await example.text() }
  const [port, port0] = ports
  const urlOf = (variant: Variant): string =>
    variant === "starter-0" ? `http://localhost:${port0}/starter` : `http://localhost:${port}/${variant}`
  const serve = (port: number, seconds: string): Promise<() => Promise<void>> =>
    startApp(
      port,
      { ...env, APP_URL: `http://localhost:${port}`, SESSION_CACHE_SECONDS: seconds },
      undefined,
      import.meta.dirname,
    )
  const stops = [await serve(port, "30"), await serve(port0, "0")]
  try {
    await assertSamePages(users[0], urlOf)
    return await work(urlOf)
  } finally {
    await Promise.all(stops.map((stop) => stop()))
  }
}

/** @throws SetupError when the variants do not show the same user the same page. */
async function assertSamePages({ cookie }: SignedIn, urlOf: (variant: Variant) => string): Promise<void> {
  const pages = new Set<string | undefined>()
  for (const variant of Object.keys(VARIANTS) as Variant[]) {
    const response = await fetch(urlOf(variant), { headers: { cookie, accept: "text/html" }, redirect: "manual" })
    pages.add(/<header.*<\/main>/s.exec(await response.text())?.[0])
  }
  const [page] = pages
  if (pages.size !== 1 || page === undefined)
    throw new SetupError(
      "The variants do not show the same user the same page. Compare the pages in template/bench/app.",
    )
}

/** Starts what all parts share, runs `work`, and stops it again. */
async function withContext<T>(work: (context: BenchContext) => Promise<T>): Promise<T> {
  const [port, port0, oryPort, relayPort, adminPort, mailPort, inboxPort] = await freePorts()
  const dataDir = await mkdtemp(join(tmpdir(), "bench-"))
  const oryUrl = `http://localhost:${oryPort}`
  // Each password is used once, so a cheap hash is enough.
  const overrides = { HASHERS_BCRYPT_COST: "4" }
  const log = (): void => undefined
  say("starting Ory")
  const ory = await startOry({
    appUrl: `http://localhost:${port}`,
    oryUrl,
    adminPort,
    mailPort,
    inboxPort,
    dataDir,
    overrides,
    log,
  })
  const relay = new Relay(relayPort, oryPort)
  relay.delay = FAR
  await relay.start()
  const browsers = fork(join(import.meta.dirname, "load.ts"), { execArgv: ["--import", "tsx"] })
  const broken = once(browsers, "exit").then(() =>
    Promise.reject(new SetupError("The load process (template/bench/load.ts) exited. Its error is above.")),
  )
  broken.catch(() => undefined)
  const play = async (job: Job): Promise<Measured> => {
    browsers.send(job)
    const [measured] = (await Promise.race([once(browsers, "message"), broken])) as [Measured]
    return measured
  }
  try {
    const users = await seed(oryUrl, ory.adminUrl)
    return await work({
      kratos: ory.version,
      oryUrl,
      adminUrl: ory.adminUrl,
      relay,
      relayUrl: `http://localhost:${relayPort}`,
      users,
      ports: [port, port0],
      play,
    })
  } finally {
    browsers.kill()
    await Promise.all([ory.stop(), relay.stop()])
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function seed(oryUrl: string, adminUrl: string): Promise<BenchContext["users"]> {
  say(`signing in ${PLAN.users} users`)
  const first = await signedIn(oryUrl, adminUrl)
  const others: SignedIn[] = []
  while (others.length < PLAN.users - 1) others.push(await signedIn(oryUrl, adminUrl))
  return [first, ...others]
}

/** Runs `npm ci` in this folder, unless the installed packages are newer than the lock file. */
async function install(): Promise<void> {
  const changedAt = (file: string): Promise<number> =>
    stat(join(import.meta.dirname, file)).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    )
  if ((await changedAt("node_modules/.package-lock.json")) > (await changedAt("package-lock.json"))) return
  say("installing the packages of the bench")
  await run("npm", ["ci"], { cwd: import.meta.dirname })
}

function ms(milliseconds: number): string {
  return `${milliseconds.toFixed(1)} ms`
}

/** @throws SetupError when an argument is not the name of a part. */
async function main(): Promise<void> {
  const names = args.filter((word, index) => !word.startsWith("--") && args[index - 1] !== "--runs")
  if (names.includes("table")) {
    const results = await read()
    await write(results)
    console.log(table(results))
    return
  }
  const parts: Record<string, (context: BenchContext) => Promise<Partial<Results>>> = {
    throughput: async (context) => ({ throughput: await throughput(context) }),
    latency: async (context) => ({ latency: await latency(context) }),
    whoami: async (context) => ({ whoami: await whoami(context) }),
    parallel: async (context) => ({ parallel: await parallel(context) }),
    weights: async ({ oryUrl, ports, users }) => ({ weights: await weigh(oryUrl, ports[0], users[0], say) }),
    soak: async (context) => ({ soak: await soak(context) }),
    clicks: async (context) => ({ clicks: await clicks(context) }),
    "sign-in": async (context) => ({ signIn: await signIn(context) }),
  }
  const wanted = names.length === 0 ? Object.keys(parts) : names
  const unknown = wanted.find((name) => !Object.hasOwn(parts, name))
  if (unknown !== undefined)
    throw new SetupError(`There is no part "${unknown}". Use one of ${Object.keys(parts).join(", ")}, or table.`)

  if (!Number.isInteger(runs) || runs < 1)
    throw new SetupError(`--runs is "${args[args.indexOf("--runs") + 1] ?? ""}". Set it to 1 or more: --runs 3`)

  let results: Partial<Results> = {}
  await install()
  if (wanted.some((name) => !ALONE.includes(name))) {
    say("building the variants")
    await build(import.meta.dirname, { ORY_SDK_URL: "http://localhost:4000" })
  }
  let kratos = ""
  await withContext(async (context) => {
    kratos = context.kratos
    for (const name of wanted) results = { ...results, ...(await parts[name]?.(context)) }
  })
  if (!quick && Object.keys(parts).every((name) => wanted.includes(name))) {
    await write({ ...(results as Results), taken: taken(kratos) })
    console.log(`\n${table(results)}`)
    say("done: wrote bench.json, the charts and the table in template/bench/README.md")
    return
  }
  const { weights, soak: soaked, clicks: clicked, signIn: signedInAt } = results
  const alone = {
    ...(weights && { weights }),
    ...(soaked && { soak: soaked }),
    ...(clicked && { clicks: clicked }),
    ...(signedInAt && { signIn: signedInAt }),
  }
  if (!quick && Object.keys(alone).length > 0) await write({ ...(await read()), ...alone })
  console.log(`\n${table(results)}`)
  console.log(
    quick
      ? "This quick run only shows that everything runs. Its figures mean nothing and are not stored."
      : `Of parts that run alone, only ${ALONE.join(", ")} are stored.`,
  )
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => {
    void stopAll().finally(() => process.exit(1))
  })

try {
  await main()
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  console.error(`\n${error.message}\n`)
  process.exitCode = 1
} finally {
  await stopAll()
}
process.exit()
