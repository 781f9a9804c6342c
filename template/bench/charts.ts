import { type Results, type Soak, type Variant, VARIANTS } from "./results"

/** One bar with its label. `strong`: a bar of this starter. */
interface Bar {
  name: string
  value: number
  label: string
  strong: boolean
}

/** Draws the charts of this folder from `bench.json`. The keys are their names. */
export function charts({ throughput, latency, whoami, weights, soak }: Results): Record<string, string> {
  const variants = Object.keys(VARIANTS) as Variant[]
  const bar = (variant: Variant, value: number, label: string): Bar => ({
    name: VARIANTS[variant],
    value,
    label,
    strong: variant.startsWith("starter"),
  })
  const weight = (name: string, bytes: number, strong = false): Bar => ({
    name,
    value: bytes,
    label: `${(bytes / 1000).toFixed(1)} kB`,
    strong,
  })
  return {
    throughput: chart(
      "Page views per second, Ory near (empty gate = 1)",
      variants.map((variant) => bar(variant, throughput[variant].ratio, throughput[variant].ratio.toFixed(2))),
    ),
    latency: chart(
      "Time to a page (p50), Ory 25 ms away",
      variants.map((variant) => bar(variant, latency[variant].p50, `${latency[variant].p50.toFixed(1)} ms`)),
    ),
    whoami: chart(
      "Calls to Ory per page view, with a click every 2 s",
      (Object.keys(whoami) as (keyof typeof whoami)[]).map((variant) =>
        bar(variant, whoami[variant], whoami[variant].toFixed(2)),
      ),
    ),
    weights: chart("Gzipped", [
      weight("empty gate", weights.gate.empty),
      weight("the guide's gate", weights.gate.guide),
      weight("this starter's gate", weights.gate.starter, true),
      weight("scripts of an empty page", weights.scripts.empty),
      weight("scripts of this starter's dashboard", weights.scripts.dashboard, true),
      weight("scripts of this starter's login page", weights.scripts.login, true),
    ]),
    memory: memoryChart(`Memory of the server in ${soak.requests} requests`, soak),
  }
}

const WIDTH = 760
const ROW = 30
const TOP = 44
/** The left end of all bars and the length of the longest one. Names are to the left, labels to the right. */
const LEFT = 350
const LONGEST = 330

/** Horizontal bars from zero. The colors work on GitHub's light and dark theme. */
function chart(title: string, bars: Bar[]): string {
  const most = Math.max(...bars.map(({ value }) => value))
  const rows = bars.map(({ name, value, label, strong }, index) => {
    const y = TOP + index * ROW
    const length = Math.max(1, Math.round((value / most) * LONGEST))
    return [
      `  <text class="name" x="${LEFT - 10}" y="${y + 15}">${escape(name)}</text>`,
      `  <rect class="${strong ? "strong" : "bar"}" x="${LEFT}" y="${y + 1}" width="${length}" height="20" rx="3"/>`,
      `  <text class="label" x="${LEFT + length + 8}" y="${y + 15}">${escape(label)}</text>`,
    ].join("\n")
  })
  const height = TOP + bars.length * ROW + 8
  return frame(title, height, rows.join("\n"))
}

const PLOT = { left: 70, right: 640, top: TOP, bottom: 264 }

/** Memory over time, as two lines from zero. */
function memoryChart(title: string, { samples }: Soak): string {
  const seconds = Math.max(...samples.map(({ second }) => second))
  const most = Math.ceil(Math.max(...samples.map(({ rss }) => rss)) / 100e6) * 100e6
  const x = (second: number): number => Math.round(PLOT.left + (second / seconds) * (PLOT.right - PLOT.left))
  const y = (bytes: number): number => Math.round(PLOT.bottom - (bytes / most) * (PLOT.bottom - PLOT.top))
  const line = (name: string, kind: string, of: (sample: Soak["samples"][number]) => number): string => {
    const points = samples.map((sample) => `${x(sample.second)},${y(of(sample))}`)
    const end = y(of(samples.at(-1) ?? { second: 0, rss: 0, heap: 0 }))
    return [
      `  <polyline class="${kind}" points="${points.join(" ")}"/>`,
      `  <text class="label" x="${PLOT.right + 8}" y="${end + 4}">${escape(name)}</text>`,
    ].join("\n")
  }
  const marks = [0, most / 2, most].map((bytes) =>
    [
      `  <line class="rule" x1="${PLOT.left}" x2="${PLOT.right}" y1="${y(bytes)}" y2="${y(bytes)}"/>`,
      `  <text class="name" x="${PLOT.left - 8}" y="${y(bytes) + 4}">${(bytes / 1e6).toFixed(0)} MB</text>`,
    ].join("\n"),
  )
  const times = [0, seconds / 2, seconds].map(
    (second) =>
      `  <text class="middle" x="${x(second)}" y="${PLOT.bottom + 20}">${(second / 60).toFixed(1)} min</text>`,
  )
  const lines = [line("process", "line", ({ rss }) => rss), line("heap", "line strong-line", ({ heap }) => heap)]
  return frame(title, PLOT.bottom + 32, [...marks, ...times, ...lines].join("\n"))
}

function frame(title: string, height: number, content: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escape(title)}">
  <style>
    text { font: 13px system-ui, sans-serif; fill: #1f2328; }
    .title { font-weight: 600; font-size: 15px; }
    .name { text-anchor: end; }
    .bar { fill: #8c959f; }
    .strong { fill: #4f46e5; }
    .middle { text-anchor: middle; }
    .rule { stroke: #8c959f; stroke-opacity: 0.3; }
    .line { fill: none; stroke: #8c959f; stroke-width: 2; }
    .strong-line { stroke: #4f46e5; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .bar { fill: #6e7681; }
      .strong { fill: #8b83ff; }
      .strong-line { stroke: #8b83ff; }
    }
  </style>
  <text class="title" x="10" y="24">${escape(title)}</text>
${content}
</svg>
`
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;")
}
