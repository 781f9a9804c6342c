import { readFile, writeFile } from "node:fs/promises"
import { availableParallelism, cpus } from "node:os"
import { join } from "node:path"
import next from "next/package.json" with { type: "json" }
import { charts } from "./charts"
import type { Measured } from "./load"
import type { Visit } from "./sign-in"

/** The variants, in the order of the table. */
export const VARIANTS = {
  none: "the page without a gate",
  empty: "behind an empty gate",
  guide: "the guide: whoami in the gate, again in the page",
  "ory-nextjs": "whoami in the gate, @ory/nextjs in the page",
  "starter-0": "this starter, SESSION_CACHE_SECONDS=0",
  starter: "this starter",
} as const

export type Variant = keyof typeof VARIANTS

/**
 * Medians of the rounds of all runs. Times are in milliseconds. `ratio` and `added` compare with the empty gate in the same round.
 * `lowest` and `highest` are the ratios of single rounds.
 */
export type Throughput = Record<
  Variant,
  { ratio: number; lowest: number; highest: number; perSecond: number; p99: number }
>
export type Latency = Record<Variant, { added: number; p50: number; p99: number }>
/** Calls to Ory per page view. Variants that never call Ory are left out. */
export type Whoami = Record<Caller, number>
/** Calls to Ory for 20 requests of one user at the same time, without a snapshot. */
export type Parallel = Record<Caller, number>
type Caller = Exclude<Variant, "none" | "empty">
/** Gzipped bytes. */
export interface Weights {
  gate: { empty: number; guide: number; starter: number }
  scripts: { empty: number; login: number; dashboard: number }
}

/** Memory of this starter's server under load, in bytes. `collected`: the heap after garbage collection, before and after the load. */
export interface Soak {
  taken: Taken
  requests: number
  samples: { second: number; rss: number; heap: number }[]
  collected: { before: number; after: number }
}

/** Clicks between protected pages on a slow phone, with Ory far. Times are medians, in milliseconds. */
export interface Clicks {
  taken: Taken
  change: number
  content: number
  /** Calls to Ory for each click. */
  whoami: number
}

/** Visits of the sign-in page on a slow phone, with Ory far: of its address, and of Ory's address, to which the guide links. Medians. */
export interface SignIn {
  taken: Taken
  direct: Visit
  byOry: Visit
}

interface Taken {
  at: string
  node: string
  next: string
  kratos: string
  cores: number
  cpu: string
}

/** The content of `bench.json`. */
export interface Results {
  taken: Taken
  throughput: Throughput
  latency: Latency
  whoami: Whoami
  parallel: Parallel
  weights: Weights
  soak: Soak
  clicks: Clicks
  signIn: SignIn
}

/** Date, versions and machine of this run. */
export function taken(kratos: string): Taken {
  const cpu = cpus()[0]?.model ?? "unknown"
  return {
    at: new Date().toISOString(),
    node: process.version,
    next: next.version,
    kratos,
    cores: availableParallelism(),
    cpu,
  }
}

/** The median of each figure over all rounds. `figuresOf` also gets the empty gate's measurement of the same round. */
export function medians<Figure extends string>(
  rounds: Record<Variant, Measured[]>,
  figuresOf: (one: Measured, empty: Measured) => Record<Figure, number>,
): Record<Variant, Record<Figure, number>> {
  const ofVariant = (variant: Variant): Record<Figure, number> => {
    const all = rounds[variant].flatMap((one, round) => {
      const empty = rounds.empty[round]
      return empty ? [figuresOf(one, empty)] : []
    })
    const names = Object.keys(all[0] ?? {}) as Figure[]
    return Object.fromEntries(names.map((name) => [name, median(all.map((figures) => figures[name]))])) as Record<
      Figure,
      number
    >
  }
  return perVariant(ofVariant)
}

/** The lowest and the highest ratio to the empty gate of single rounds. */
export function spread(rounds: Record<Variant, Measured[]>): Record<Variant, { lowest: number; highest: number }> {
  return perVariant((variant) => {
    const ratios = rounds[variant].map((one, round) => one.perSecond / (rounds.empty[round]?.perSecond ?? Number.NaN))
    return { lowest: Math.min(...ratios), highest: Math.max(...ratios) }
  })
}

export function perVariant<T>(make: (variant: Variant) => T): Record<Variant, T> {
  return Object.fromEntries((Object.keys(VARIANTS) as Variant[]).map((variant) => [variant, make(variant)])) as Record<
    Variant,
    T
  >
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const half = sorted.length / 2
  const [low, high] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]]
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2
}

const folder = import.meta.dirname

export async function read(): Promise<Results> {
  return JSON.parse(await readFile(join(folder, "bench.json"), "utf8")) as Results
}

/** Writes `bench.json`, the charts and the table in this folder's README. */
export async function write(results: Results): Promise<void> {
  await writeFile(join(folder, "bench.json"), `${JSON.stringify(results, null, 2)}\n`)
  const images = Object.entries(charts(results))
  for (const [name, svg] of images) await writeFile(join(folder, `bench-${name}.svg`), svg)
  const content = `${table(results)}\n${images.map(([name]) => `![The ${name}${name === "memory" ? "" : " of each"}](bench-${name}.svg)`).join("\n")}`
  const page = join(folder, "README.md")
  const text = await readFile(page, "utf8")
  await writeFile(
    page,
    text.replace(
      /(<!-- table -->\n)[^]*(<!-- end of the table -->)/,
      (_, from: string, to: string) => `${from}\n${content}\n${to}`,
    ),
  )
}

/** A Markdown table for the terminal and the README. Parts that were not measured are left out. */
export function table({
  taken,
  throughput,
  latency,
  whoami,
  parallel,
  weights,
  clicks,
  signIn,
  soak,
}: Partial<Results>): string {
  const parts: string[] = []
  if (throughput ?? latency ?? whoami)
    parts.push(
      grid([
        [
          "",
          "÷ empty gate",
          "rounds",
          "per second",
          "p99",
          "far: added",
          "far: p50",
          "far: p99",
          "whoami per view",
          "for 20 at once",
        ],
        ...Object.entries(VARIANTS).map(([name, what]) => {
          const variant = name as Variant
          const [near, far, calls, atOnce] = [
            throughput?.[variant],
            latency?.[variant],
            (whoami as Partial<Record<Variant, number>> | undefined)?.[variant],
            (parallel as Partial<Record<Variant, number>> | undefined)?.[variant],
          ]
          return [
            what,
            near?.ratio.toFixed(2),
            near && `${near.lowest.toFixed(2)} to ${near.highest.toFixed(2)}`,
            near?.perSecond.toFixed(0),
            near && ms(near.p99),
            far && ms(far.added),
            far && ms(far.p50),
            far && ms(far.p99),
            calls?.toFixed(2),
            atOnce?.toFixed(0),
          ]
        }),
      ]),
    )
  if (weights) {
    const { gate, scripts } = weights
    parts.push(
      grid([
        ["gzipped", "weighs", "above empty"],
        ["empty gate", kB(gate.empty), undefined],
        ["the guide's gate", kB(gate.guide), kB(gate.guide - gate.empty)],
        ["this starter's gate", kB(gate.starter), kB(gate.starter - gate.empty)],
        ["scripts of an empty page", kB(scripts.empty), undefined],
        ["scripts of this starter's dashboard", kB(scripts.dashboard), kB(scripts.dashboard - scripts.empty)],
        ["scripts of this starter's login page", kB(scripts.login), kB(scripts.login - scripts.empty)],
      ]),
    )
  }
  if (taken) parts.push(where(taken))
  if (clicks)
    parts.push(
      grid([
        ["a click on a slow phone, Ory 25 ms away", "median"],
        ["until the first change", ms(clicks.change)],
        ["until the new page's heading", ms(clicks.content)],
        ["whoami per click", clicks.whoami.toFixed(2)],
      ]),
      where(clicks.taken),
    )
  if (signIn)
    parts.push(
      grid([
        ["the sign-in page on a slow phone, Ory 25 ms away", "documents", "until the form"],
        ...(
          [
            ["at its own address", signIn.direct],
            ["at Ory's address, to which the guide links", signIn.byOry],
          ] as const
        ).map(([what, { documents, form }]) => [what, documents.toFixed(0), ms(form)]),
      ]),
      where(signIn.taken),
    )
  if (soak) {
    const { samples, collected, requests } = soak
    const [first, last] = [samples[0], samples.at(-1)]
    parts.push(
      grid([
        [`${requests} requests, no wrong response`, "at the start", "at the end"],
        ["heap after garbage collection", MB(collected.before), MB(collected.after)],
        ["heap", first && MB(first.heap), last && MB(last.heap)],
        ["whole process (RSS)", first && MB(first.rss), last && MB(last.rss)],
      ]),
      where(soak.taken),
    )
  }
  return parts.join("\n")
}

function where({ at, cores, cpu, node, next, kratos }: Taken): string {
  return `${at.slice(0, 10)}, ${cores} cores (${cpu}), Node ${node}, Next ${next}, Ory Kratos ${kratos} on SQLite.\n`
}

function grid(rows: (string | undefined)[][]): string {
  const [head = []] = rows
  const widths = head.map((_, column) => Math.max(3, ...rows.map((row) => (row[column] ?? "–").length)))
  const line = (row: (string | undefined)[]): string =>
    `| ${widths.map((width, column) => (column === 0 ? (row[0] ?? "").padEnd(width) : (row[column] ?? "–").padStart(width))).join(" | ")} |`
  const rule = `| ${widths.map((width, column) => (column === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`
  const [first, ...others] = rows.map(line)
  return `${[first, rule, ...others].join("\n")}\n`
}

const ms = (milliseconds: number): string => `${milliseconds.toFixed(1)} ms`
const kB = (bytes: number): string => `${(bytes / 1000).toFixed(1)} kB`
const MB = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`
