import { fork } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm, stat } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { collectedHeap, heapEnv, memory } from "../e2e/heap"
import { signedIn, type SignedIn } from "../../e2e/http"
import { Relay } from "../../e2e/relay"
import { startApp } from "../../e2e/servers"
import { freePorts, projectDir, run, SetupError, stopAll } from "../../scripts/processes"
import { startOry } from "../../scripts/stack"
import type { Job, Measured, Page } from "./load"
import {
  type Latency,
  medians,
  perVariant,
  read,
  type Results,
  type Soak,
  table,
  taken,
  type Throughput,
  type Variant,
  VARIANTS,
  type Whoami,
  write,
} from "./results"
import { build, weigh } from "./weights"

/**
 * `npm run bench`: everything, written to this folder at the end. After `--`: names of parts, to run and print these alone; `table`, to
 * print the results and draw their charts anew; `--quick`, to see whether everything still runs.
 */
const asked = process.argv.slice(2)
const quick = asked.includes("--quick")

/** What is measured, for how long. In seconds, unless they say otherwise. */
const PLAN = quick
  ? { rounds: 1, warmUp: 1, throughput: 2, latency: 2, clicks: 8, clickers: 10, people: 20, soak: 8 }
  : { rounds: 3, warmUp: 4, throughput: 16, latency: 5, clicks: 60, clickers: 10, people: 200, soak: 240 }

const CONNECTIONS = 8
/** How much longer a question to Ory takes when it is far, in milliseconds. */
const FAR = 25
const CLICK_EVERY = 2

const start = performance.now()

function say(line: string): void {
  const seconds = Math.floor((performance.now() - start) / 1000)
  console.log(`[${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, "0")}] ${line}`)
}

/** Everything that the parts need, made before the first of them. */
interface BenchContext {
  /** Version of Kratos. */
  kratos: string
  oryUrl: string
  adminUrl: string
  relay: Relay
  relayUrl: string
  people: readonly [SignedIn, ...SignedIn[]]
  ports: readonly [number, number]
  /** Has the process that plays the browsers do this. */
  play(job: Job): Promise<Measured>
}

async function throughput(context: BenchContext): Promise<Throughput> {
  say(`throughput: Ory near, ${CONNECTIONS} connections`)
  const measured = await rounds(context, context.oryUrl, CONNECTIONS, PLAN.throughput)
  return medians(measured, (one, empty) => ({
    ratio: one.perSecond / empty.perSecond,
    perSecond: one.perSecond,
    p99: one.p99,
  }))
}

async function latency(context: BenchContext): Promise<Latency> {
  say(`latency: Ory ${FAR} ms away, 1 connection`)
  const measured = await rounds(context, context.relayUrl, 1, PLAN.latency)
  return medians(measured, (one, empty) => ({ added: one.p50 - empty.p50, p50: one.p50, p99: one.p99 }))
}

/** Every variant once, then every variant again: what disturbs the machine for a while disturbs them all. */
async function rounds(
  context: BenchContext,
  oryUrl: string,
  connections: number,
  seconds: number,
): Promise<Record<Variant, Measured[]>> {
  return withServers(context, oryUrl, async (urlOf) => {
    const measured = perVariant((): Measured[] => [])
    const variants = Object.keys(VARIANTS) as Variant[]
    // Code that has run more often runs faster: the second server has one path, and as much to do as the first on all of its.
    for (const variant of variants)
      for (const url of new Set([urlOf(variant), urlOf("starter-0")]))
        await load(context, { url, jars: `warm-up ${url} ${variant}`, connections, seconds: PLAN.warmUp })
    for (let round = 1; round <= PLAN.rounds; round++)
      for (const variant of variants) {
        // With another Ory, other cookies: a snapshot would not open there.
        const people = { url: urlOf(variant), jars: `${oryUrl} ${variant}` }
        // One connection has hardly shown everybody a page when the round ends: what is asked of Ory first is not what it measures.
        if (connections === 1) await load(context, { ...people, connections: CONNECTIONS, seconds: PLAN.warmUp })
        const one = await load(context, { ...people, connections, seconds })
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
  return right(job.url, await context.play({ kind: "load", people: who(context, job.url), ...job }))
}

/** Questions to Ory per page view, by Kratos' own count, for people who click now and then. */
async function whoami(context: BenchContext): Promise<Whoami> {
  say(`whoami: ${PLAN.clickers} people click every ${CLICK_EVERY} s for ${PLAN.clicks} s`)
  return withServers(context, context.oryUrl, async (urlOf) => {
    const perView = async (variant: Variant): Promise<number> => {
      const url = urlOf(variant)
      const people = who(context, url).slice(0, PLAN.clickers)
      const before = await whoamiCount(context.adminUrl)
      const job: Job = {
        kind: "clicks",
        url,
        people,
        jars: `clicks ${variant}`,
        everySeconds: CLICK_EVERY,
        seconds: PLAN.clicks,
      }
      const { views } = right(url, await context.play(job))
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

/** What 60 people load in turn, on 12 connections. */
const SOAK_PAGES: readonly Page[] = [
  { path: "/dashboard", status: 200, shows: true },
  { path: "/account", status: 200, shows: true },
  { path: "/api/me", status: 200, shows: true },
  { path: "/account/devices", status: 200, shows: true },
  { path: "/", status: 200, shows: false },
  { path: "/no-such-page", status: 404, shows: false },
]

/** Memory of the starter's own server, `next start`, in minutes of load. */
async function soak(context: BenchContext): Promise<Soak> {
  const { oryUrl, people, ports } = context
  const [port] = ports
  say("soak: building the starter")
  await build(projectDir, { ORY_SDK_URL: oryUrl })
  const [heapPort] = await freePorts()
  const url = `http://localhost:${port}`
  const stop = await startApp(port, { ORY_SDK_URL: oryUrl, APP_URL: url, ...heapEnv(heapPort) }, undefined, projectDir)
  try {
    const users = people.slice(0, 60).map(({ cookie, email }) => ({ cookie, shows: email }))
    const job = { kind: "load", url, people: users, jars: "soak", connections: 12, pages: SOAK_PAGES } as const
    right(url, await context.play({ ...job, seconds: PLAN.warmUp }))
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
    const { views } = right(url, await load)
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

async function whoamiCount(adminUrl: string): Promise<number> {
  const metrics = await (await fetch(`${adminUrl}/admin/metrics/prometheus`)).text()
  const counts = metrics.matchAll(
    /^http_requests_duration_seconds_count\{[^}]*endpoint="\/sessions\/whoami"[^}]*\} (\d+)$/gm,
  )
  return Array.from(counts, ([, count]) => Number(count)).reduce((total, count) => total + count, 0)
}

/** What people send, and what they are to see. Pages that ask nobody show one of them to all. */
function who({ people }: BenchContext, url: string): Job["people"] {
  const asks = !/\/(none|empty)$/.test(url)
  return people.map((person) => ({ cookie: person.cookie, shows: asks ? person.email : people[0].email }))
}

/** @throws SetupError when an answer was not what the person was to see: then nothing was measured. */
function right(url: string, measured: Measured): Measured {
  if (measured.wrong > 0 || measured.views === 0)
    throw new SetupError(`${url}: ${measured.wrong} of ${measured.views} answers were wrong`)
  return measured
}

/** The build of this folder twice, with snapshots and without. */
async function withServers<T>(
  context: BenchContext,
  oryUrl: string,
  work: (urlOf: (variant: Variant) => string) => Promise<T>,
): Promise<T> {
  const { people, ports } = context
  const example = await fetch(`${context.oryUrl}/sessions/whoami`, { headers: { cookie: people[0].cookie } })
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
    await assertSamePages(people[0], urlOf)
    return await work(urlOf)
  } finally {
    await Promise.all(stops.map((stop) => stop()))
  }
}

/** @throws SetupError when the variants do not show the same person the same page. */
async function assertSamePages({ cookie }: SignedIn, urlOf: (variant: Variant) => string): Promise<void> {
  const pages = new Set<string | undefined>()
  for (const variant of Object.keys(VARIANTS) as Variant[]) {
    const answer = await fetch(urlOf(variant), { headers: { cookie, accept: "text/html" }, redirect: "manual" })
    pages.add(/<header.*<\/main>/s.exec(await answer.text())?.[0])
  }
  const [page] = pages
  if (pages.size !== 1 || page === undefined)
    throw new SetupError("The variants do not show the same person the same page.")
}

/** Starts what all parts need, runs `work`, and stops it again. */
async function withContext<T>(work: (context: BenchContext) => Promise<T>): Promise<T> {
  const [port, port0, oryPort, relayPort, adminPort, mailPort, inboxPort] = await freePorts()
  const dataDir = await mkdtemp(join(tmpdir(), "bench-"))
  const oryUrl = `http://localhost:${oryPort}`
  // Passwords are for signing in once: a cheap hash does.
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
    Promise.reject(new SetupError("The process that plays the browsers ended.")),
  )
  broken.catch(() => undefined)
  const play = async (job: Job): Promise<Measured> => {
    browsers.send(job)
    const [measured] = (await Promise.race([once(browsers, "message"), broken])) as [Measured]
    return measured
  }
  try {
    const people = await seed(oryUrl, ory.adminUrl)
    return await work({
      kratos: ory.version,
      oryUrl,
      adminUrl: ory.adminUrl,
      relay,
      relayUrl: `http://localhost:${relayPort}`,
      people,
      ports: [port, port0],
      play,
    })
  } finally {
    browsers.kill()
    await Promise.all([ory.stop(), relay.stop()])
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function seed(oryUrl: string, adminUrl: string): Promise<BenchContext["people"]> {
  say(`signing in ${PLAN.people} people`)
  const first = await signedIn(oryUrl, adminUrl)
  const others: SignedIn[] = []
  while (others.length < PLAN.people - 1) others.push(await signedIn(oryUrl, adminUrl))
  return [first, ...others]
}

/** `npm ci` in this folder, unless that is what was done last. */
async function install(): Promise<void> {
  const changed = (file: string): Promise<number> =>
    stat(join(import.meta.dirname, file)).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    )
  if ((await changed("node_modules/.package-lock.json")) > (await changed("package-lock.json"))) return
  say("installing what the bench needs")
  await run("npm", ["ci"], { cwd: import.meta.dirname })
}

function ms(milliseconds: number): string {
  return `${milliseconds.toFixed(1)} ms`
}

/** @throws SetupError when a name is none of a part. */
async function main(): Promise<void> {
  const names = asked.filter((word) => word !== "--quick")
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
    weights: async ({ oryUrl, ports, people }) => ({ weights: await weigh(oryUrl, ports[0], people[0], say) }),
    soak: async (context) => ({ soak: await soak(context) }),
  }
  const selected = names.length === 0 ? Object.keys(parts) : names
  const unknown = selected.find((name) => !Object.hasOwn(parts, name))
  if (unknown !== undefined)
    throw new SetupError(`There is no part "${unknown}": name ${Object.keys(parts).join(", ")}, or table.`)

  let results: Partial<Results> = {}
  await install()
  if (selected.some((name) => name !== "weights" && name !== "soak")) {
    say("building the variants")
    await build(import.meta.dirname, { ORY_SDK_URL: "http://localhost:4000" })
  }
  let kratos = ""
  await withContext(async (context) => {
    kratos = context.kratos
    for (const name of selected) results = { ...results, ...(await parts[name]?.(context)) }
  })
  const { throughput: near, latency: far, whoami: calls, weights, soak: soaked } = results
  const full = near &&
    far &&
    calls &&
    weights &&
    soaked && { taken: taken(kratos), throughput: near, latency: far, whoami: calls, weights, soak: soaked }
  if (full && !quick) await write(full)
  // The one part whose figures are compared with no other's.
  else if (soaked && !quick) await write({ ...(await read()), soak: soaked })
  console.log(`\n${table(results)}`)
  if (full && !quick) say("done; bench.json, its charts and the table in template/bench/README.md are written")
  else
    console.log(
      quick
        ? "A quick run shows that everything runs. Its figures are not a result, and are not kept."
        : "Of parts alone, only the soak is kept.",
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
