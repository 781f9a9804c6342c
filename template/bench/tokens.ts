import { existsSync } from "node:fs"
import { createServer } from "node:http"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import autocannon from "autocannon"
import { signedIn } from "../../e2e/http"
import { freePorts } from "../../e2e/ports"
import { projectDir, run, SetupError, start, stopAll, waitForUrl } from "../../scripts/processes"
import { startOry } from "../../scripts/stack"

/**
 * Compares the two ways in which the examples know their user: a token that they verify themselves, and a session cookie that they
 * ask Ory about. It starts a real Ory and both examples, and prints the requests per second of `/api/me` with each, and the median
 * of the rounds' ratios. Run it alone: `node --import tsx template/bench/tokens.ts`.
 */
const ROUNDS = 3
const SECONDS = 8
const CONNECTIONS = 8

const [webPort, oryPort, adminPort, mailPort, inboxPort, expressPort, goPort] = await freePorts()
const [webUrl, oryUrl] = [`http://localhost:${webPort}`, `http://localhost:${oryPort}`]
const folder = await mkdtemp(join(tmpdir(), "bench-tokens-"))

try {
  await bench()
} finally {
  await stopAll()
  await rm(folder, { recursive: true, force: true })
}
process.exit()

async function bench(): Promise<void> {
  const ory = await startOry({
    appUrl: webUrl,
    oryUrl,
    adminPort,
    mailPort,
    inboxPort,
    dataDir: join(folder, "ory"),
    log: () => undefined,
  })
  // Stands in for the web app, of which the examples only need the keys.
  createServer((_request, response) => response.end(ory.sessionTokenJwks)).listen(webPort, "localhost")

  const { cookie, email } = await signedIn(oryUrl, ory.adminUrl)
  const token = async (): Promise<string> => {
    const response = await fetch(`${oryUrl}/sessions/whoami?tokenize_as=api`, { headers: { cookie } })
    const { tokenized } = (await response.json()) as { tokenized?: string }
    if (tokenized === undefined) throw new SetupError(`Ory responded with ${response.status} and without a token.`)
    return tokenized
  }

  console.log(`Ory Kratos ${ory.version}, ${CONNECTIONS} connections, ${ROUNDS} rounds of ${SECONDS} s\n`)
  for (const [name, url] of [
    ["Express", await startExpress()],
    ["Go", await startGo()],
  ] as const) {
    const perSecond = async (headers: Record<string, string>, callsOry: boolean): Promise<number> => {
      // Ory may still be counting the last requests of the round before.
      await sleep(1000)
      const before = await whoamiCount(ory.adminUrl)
      const measured = await autocannon({
        url: `${url}/api/me`,
        connections: CONNECTIONS,
        duration: SECONDS,
        headers,
        verifyBody: (body) => String(body).includes(email),
      })
      const { total, average } = measured.requests
      const calls = (await whoamiCount(ory.adminUrl)) - before
      const wrong = measured.non2xx + measured.errors + measured.mismatches
      if (wrong > 0 || total === 0 || (callsOry ? calls < total : calls > 0))
        throw new SetupError(`${name}: ${wrong} of ${total} responses were wrong, with ${calls} calls to Ory.`)
      return average
    }
    const rounds: { token: number; cookie: number }[] = []
    // The first round warms both up and does not count.
    for (let round = 0; round <= ROUNDS; round++) {
      const byToken = await perSecond({ authorization: `Bearer ${await token()}` }, false)
      const byCookie = await perSecond({ cookie }, true)
      if (round > 0) rounds.push({ token: byToken, cookie: byCookie })
    }
    for (const [round, { token, cookie }] of rounds.entries())
      console.log(
        `${name.padEnd(8)} round ${round + 1}: token ${token.toFixed(0)} per second, cookie ${cookie.toFixed(0)} per second`,
      )
    const ratios = rounds.map(({ token, cookie }) => token / cookie).sort((a, b) => a - b)
    console.log(
      `${name.padEnd(8)} token ÷ cookie: ${ratios[Math.floor(ROUNDS / 2)]?.toFixed(1)} (${ratios.map((ratio) => ratio.toFixed(1)).join(", ")})\n`,
    )
  }
}

async function startExpress(): Promise<string> {
  const cwd = join(projectDir, "examples", "express")
  if (!existsSync(join(cwd, "node_modules"))) await run("npm", ["ci"], { cwd })
  return startExample("Express", expressPort, cwd, process.execPath, ["--import", "tsx", "server.ts"])
}

async function startGo(): Promise<string> {
  const cwd = join(projectDir, "examples", "go")
  const binary = join(folder, "example")
  await run("go", ["build", "-o", binary, "."], { cwd })
  return startExample("Go", goPort, cwd, binary, [])
}

async function startExample(name: string, port: number, cwd: string, file: string, args: string[]): Promise<string> {
  const url = `http://localhost:${port}`
  const env = { ...process.env, PORT: String(port), APP_URL: url, ORY_SDK_URL: oryUrl, WEB_URL: webUrl }
  await waitForUrl(`The ${name} example`, `${url}/healthz`, await start(file, args, { cwd, env }))
  return url
}

/** How many whoami requests Kratos has counted. */
async function whoamiCount(adminUrl: string): Promise<number> {
  const metrics = await (await fetch(`${adminUrl}/admin/metrics/prometheus`)).text()
  const counts = metrics.matchAll(
    /^http_requests_duration_seconds_count\{[^}]*endpoint="\/sessions\/whoami"[^}]*\} (\d+)$/gm,
  )
  return Array.from(counts, ([, count]) => Number(count)).reduce((total, count) => total + count, 0)
}
