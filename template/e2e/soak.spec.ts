import { existsSync } from "node:fs"
import { cp, mkdtemp, readFile, rm } from "node:fs/promises"
import { Agent } from "node:http"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { freePorts } from "../../e2e/ports"
import { run, start, waitForUrl } from "../../scripts/processes"
import { startOry, type LocalOry } from "../../scripts/stack"
import { expect, test } from "../../e2e/fixtures"
import { collectedHeap, heapEnv } from "./heap"
import { PAGE_LOAD, pairs, send, signedIn, type SendOptions, type SignedIn } from "../../e2e/http"
import { startApp } from "../../e2e/servers"
import { sessionSecret } from "../../e2e/settings"
import { copyProject } from "./copy-project"

/**
 * A server must run for months. So its heap after garbage collection must not grow, whatever it serves. Ory's own metrics show that the
 * requests which should reach Ory did.
 */

const REQUESTS = 3000
const WARM_UP = 1000
const CONNECTIONS = 10
/** Growth of the heap in bytes that does not count as a leak. */
const LIMIT = 2_000_000
/** A leak grows in every measurement, a cache only until it is full. So a server that grew is measured again. */
const ATTEMPTS = 3

/** One kind of request. Each connection sends as its own user, because requests of one user could share a call to Ory. */
interface Kind {
  name: string
  request: (user: SignedIn, turn: number) => SendOptions & { path: string }
  status: number
  /** Text that the response must contain, because the status alone does not identify the page. */
  shows?: (user: SignedIn) => string
  /** Endpoint of Ory that every request reaches. */
  ory?: string
  /** Number of concurrent requests. The default is {@link CONNECTIONS}. */
  connections?: number
  /** Whether Ory is stopped. */
  outage?: boolean
}

interface Server {
  url: string
  heapPort: number
  stop: () => Promise<void>
}

let ory: LocalOry
let oryUrl: string
let dataDir: string
let users: SignedIn[]
test.beforeAll(async () => {
  const [appPort, oryPort, adminPort, mailPort, inboxPort] = await freePorts()
  dataDir = await mkdtemp(join(tmpdir(), "ory-starter-soak-"))
  oryUrl = `http://localhost:${oryPort}`
  const appUrl = `http://localhost:${appPort}`
  // Each password is used once, so a cheap hash is enough.
  const overrides = { HASHERS_BCRYPT_COST: "4" }
  ory = await startOry({ appUrl, oryUrl, adminPort, mailPort, inboxPort, dataDir, overrides, log: () => undefined })
  users = []
  while (users.length < CONNECTIONS) users.push(await signedIn(oryUrl, ory.adminUrl))
})
test.afterAll(async () => {
  await ory.stop()
  await rm(dataDir, { recursive: true, force: true })
})

/** Sends many requests of one kind. Throws at the first unexpected response. */
async function load(
  url: string,
  { request, status, shows, connections = CONNECTIONS }: Kind,
  count: number,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  let turn = 0
  const connect = async (user: SignedIn): Promise<void> => {
    while (turn < count) {
      const { path, ...options } = request(user, turn++)
      const answer = await send(url, path, { ...options, agent })
      // `expect` would record each of the many calls.
      if (answer.status !== status || !answer.body.includes(shows?.(user) ?? ""))
        throw new Error(
          `${path} answered ${answer.status} ${answer.headers.location ?? ""} ${answer.body.slice(0, 500)}`,
        )
    }
  }
  try {
    await Promise.all(users.slice(0, connections).map(connect))
  } finally {
    agent.destroy()
  }
}

/** The number of requests to this endpoint in Kratos's metrics. */
async function requestsTo(endpoint: string): Promise<number> {
  const metrics = await (await fetch(`${ory.adminUrl}/admin/metrics/prometheus`)).text()
  const lines = metrics.split("\n").filter((line) => line.startsWith("http_requests_duration_seconds_count{"))
  return lines
    .filter((line) => line.includes(`endpoint="${endpoint}"`))
    .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(" "))), 0)
}

/** Defines a test for each kind. They run one after the other. */
function soak(server: () => Server, kinds: readonly Kind[]): void {
  test.describe.configure({ mode: "default" })
  for (const kind of kinds)
    test(kind.name, async () => {
      test.setTimeout(240_000)
      if (kind.outage) await ory.stopKratos()
      try {
        await load(server().url, kind, WARM_UP)
        let growth = Infinity
        for (let attempt = 1; attempt <= ATTEMPTS && growth >= LIMIT; attempt++) growth = await measure(server(), kind)
        expect(growth, `growth of the heap in ${REQUESTS} requests, ${ATTEMPTS} times`).toBeLessThan(LIMIT)
      } finally {
        if (kind.outage) await ory.startKratos()
      }
    })
}

/** Growth of the heap in bytes. */
async function measure({ url, heapPort }: Server, kind: Kind): Promise<number> {
  const calls = (): Promise<number> => (kind.ory === undefined ? Promise.resolve(0) : requestsTo(kind.ory))
  const callsBefore = await calls()
  const before = await collectedHeap(heapPort)
  const began = performance.now()
  await load(url, kind, REQUESTS)
  const seconds = (performance.now() - began) / 1000
  const after = await collectedHeap(heapPort)
  const called = (await calls()) - callsBefore
  const heap = `heap ${(before / 1e6).toFixed(1)} → ${(after / 1e6).toFixed(1)} MB`
  const reached = kind.ory === undefined ? "" : `, ${called} reached Ory`
  console.log(`      ${kind.name}: ${heap}, ${REQUESTS} requests in ${seconds.toFixed(0)} s${reached}`)
  if (kind.ory !== undefined) expect(called, `requests that reached ${kind.ory}`).toBeGreaterThanOrEqual(REQUESTS)
  return after - before
}

const WHOAMI = "/sessions/whoami"
const FETCH = { accept: "*/*", "sec-fetch-dest": "empty", "sec-fetch-mode": "cors" }
const PREFETCH = { ...FETCH, rsc: "1", "next-router-prefetch": "1", "next-router-segment-prefetch": "/_tree" }

/** Values that the requests need, from before the first measurement. */
interface Prepared {
  /** Snapshot cookie of each user, by email address. */
  snapshots: Map<string, string>
  /** A login flow and its CSRF cookie. */
  flow: { id: string; cookie: string }
  /** Id of an error of Ory. */
  errorId: string
  /** Id of the server action that signs out another device. */
  action: string
  /** URL of a prefetch of the dashboard. Next puts a hash of the headers into it. */
  prefetch: string
}
const prepared: Prepared = { snapshots: new Map(), flow: { id: "", cookie: "" }, errorId: "", action: "", prefetch: "" }

async function prepare({ url }: Server, folder: string): Promise<void> {
  for (const { email, cookie } of users) {
    const answer = await send(url, "/dashboard", { headers: { ...PAGE_LOAD, cookie } })
    const snapshot = answer.headers["set-cookie"]
      ?.find((value) => value.startsWith("session_snapshot="))
      ?.split(";", 1)[0]
    if (snapshot === undefined) throw new Error(`No snapshot for ${email}: ${answer.status}`)
    prepared.snapshots.set(email, snapshot)
  }
  const started = await fetch(`${oryUrl}/self-service/login/browser`, { headers: { accept: "application/json" } })
  prepared.flow = { id: ((await started.json()) as { id: string }).id, cookie: pairs(started) }
  const refused = await send(oryUrl, "/self-service/login/browser?return_to=https://evil.example", {
    headers: PAGE_LOAD,
  })
  prepared.errorId = new URL(refused.headers.location ?? "").searchParams.get("id") ?? ""
  const manifest = JSON.parse(await readFile(join(folder, ".next/server/server-reference-manifest.json"), "utf8")) as {
    node: Record<string, { exportedName?: string }>
  }
  prepared.action =
    Object.entries(manifest.node).find(([, { exportedName }]) => exportedName === "signOutDevice")?.[0] ?? ""
  const [user] = users
  const redirected = await send(url, "/dashboard", { headers: { ...PREFETCH, cookie: user?.cookie } })
  prepared.prefetch = redirected.headers.location ?? ""
}

const page = (name: string, path: string, more: Partial<Kind> = {}): Kind => ({
  name,
  request: ({ cookie }) => ({ path, headers: { ...PAGE_LOAD, cookie } }),
  status: 200,
  shows: ({ email }) => email,
  ory: WHOAMI,
  ...more,
})

const snapshotPage = page("page by snapshot", "/dashboard", {
  request: ({ cookie, email }) => ({
    path: "/dashboard",
    headers: { ...PAGE_LOAD, cookie: `${cookie}; ${prepared.snapshots.get(email) ?? ""}` },
  }),
  ory: undefined,
})
const whoamiPage = page("page by whoami", "/account")
const api = page("API", "/api/me")
const action = (appUrl: () => string): Kind => ({
  name: "server action",
  request: ({ cookie }) => ({
    path: "/account/devices",
    method: "POST",
    headers: {
      ...FETCH,
      cookie,
      origin: appUrl(),
      "next-action": prepared.action,
      "content-type": "multipart/form-data; boundary=x",
    },
    // The arguments of the action, a state and a form, as React encodes them. No device has this id.
    body: [
      ["_1_id", "made-up"],
      ["0", '[{},"$K1"]'],
    ]
      .map(([name = "", value = ""]) => `--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
      .join("")
      .concat("--x--\r\n"),
  }),
  status: 200,
  // The result of the action has a message.
  shows: () => '"message":',
  ory: "/sessions",
})
const refused: Kind = {
  name: "refused with a made-up cookie",
  request: ({ identityId }) => ({
    path: "/dashboard",
    headers: { ...PAGE_LOAD, cookie: `ory_kratos_session=${identityId}` },
  }),
  status: 303,
  ory: WHOAMI,
}
const flowPage: Kind = {
  name: "flow page",
  request: () => ({
    path: `/auth/login?flow=${prepared.flow.id}`,
    headers: { ...PAGE_LOAD, cookie: prepared.flow.cookie },
  }),
  status: 200,
  shows: () => prepared.flow.id,
  ory: "/self-service/login/flows",
  // Next keeps a slow page as long as others overlap with it. See docs/decisions/axios-without-request.md.
  connections: 1,
}
const errorPage: Kind = {
  name: "error page",
  request: () => ({ path: `/auth/error?id=${prepared.errorId}`, headers: PAGE_LOAD }),
  status: 200,
  ory: "/self-service/errors",
  connections: 1, // as for the flow page
}
const prefetch = page("prefetch", "/dashboard", {
  request: ({ cookie }) => ({ path: prepared.prefetch, headers: { ...PREFETCH, cookie } }),
  shows: undefined,
})
/** Each request has another path, as from a crawler. */
const notFound = page("404, signed in", "", {
  request: ({ cookie }, turn) => ({ path: `/no-such-page-${turn}`, headers: { ...PAGE_LOAD, cookie } }),
  status: 404,
  shows: undefined,
})
const outage = page("outage", "/account", { status: 503, shows: undefined, ory: undefined, outage: true })

test.describe("next start", () => {
  let server: Server
  test.beforeAll(async () => {
    const [port, heapPort] = await freePorts()
    const url = `http://localhost:${port}`
    const env = { ORY_SDK_URL: oryUrl, APP_URL: url, SESSION_CACHE_SECONDS: "300", ...heapEnv(heapPort) }
    server = { url, heapPort, stop: await startApp(port, env) }
    await prepare(server, ".")
  })
  test.afterAll(() => server.stop())

  soak(
    () => server,
    [snapshotPage, whoamiPage, api, action(() => server.url), refused, flowPage, errorPage, prefetch, notFound, outage],
  )
})

test.describe("next start, same-origin", () => {
  let server: Server
  test.beforeAll(async () => {
    const [port, heapPort] = await freePorts()
    const url = `http://localhost:${port}`
    server = {
      url,
      heapPort,
      stop: await startApp(port, { ORY_SDK_URL: oryUrl, APP_URL: url, ORY_PROXY: "on", ...heapEnv(heapPort) }),
    }
  })
  test.afterAll(() => server.stop())

  soak(
    () => server,
    [
      page("same-origin proxy", WHOAMI, {
        request: ({ cookie }) => ({ path: WHOAMI, headers: { ...FETCH, accept: "application/json", cookie } }),
      }),
    ],
  )
})

test.describe("standalone server", () => {
  let server: Server
  let folder: string
  test.beforeAll(async () => {
    test.setTimeout(300_000)
    folder = await copyProject()
    await run("npm", ["run", "build"], {
      cwd: folder,
      env: { ...process.env, BUILD_STANDALONE: "1", ORY_SDK_URL: "http://not-known-yet.invalid" },
    })
    const standalone = join(folder, ".next/standalone")
    await cp(join(folder, ".next/static"), join(standalone, ".next/static"), { recursive: true })
    const [port, heapPort] = await freePorts()
    const url = `http://localhost:${port}`
    const env = { ORY_SDK_URL: oryUrl, APP_URL: url, SESSION_SECRET: sessionSecret, ...heapEnv(heapPort) }
    const app = await start(process.execPath, ["server.js"], {
      cwd: standalone,
      env: { ...process.env, NODE_ENV: "production", PORT: String(port), HOSTNAME: "localhost", ...env },
    })
    await waitForUrl("The app", url, app)
    server = { url, heapPort, stop: () => app.stop() }
    await prepare(server, standalone)
  })
  test.afterAll(async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })

  soak(() => server, [whoamiPage, action(() => server.url), flowPage])
})

test.describe("Express example", () => {
  test.skip(!existsSync("examples/express"), "The Express example was deleted.")
  let server: Server
  test.beforeAll(async () => {
    test.setTimeout(180_000)
    const folder = resolve("examples/express")
    if (!existsSync(join(folder, "node_modules"))) await run("npm", ["ci"], { cwd: folder })
    const [port, heapPort] = await freePorts()
    const url = `http://localhost:${port}`
    const env = {
      PORT: String(port),
      APP_URL: url,
      ORY_SDK_URL: oryUrl,
      SESSION_CACHE_SECONDS: "0",
      ...heapEnv(heapPort),
    }
    const example = await start(process.execPath, ["--import", "tsx", "server.ts"], {
      cwd: folder,
      env: { ...process.env, ...env },
    })
    await waitForUrl("The Express example", `${url}/healthz`, example)
    server = { url, heapPort, stop: () => example.stop() }
  })
  test.afterAll(() => server.stop())

  soak(
    () => server,
    [
      page("page", "/dashboard"),
      page("API", "/", { request: ({ cookie }) => ({ path: "/", headers: { accept: "application/json", cookie } }) }),
      refused,
      page("outage", "/dashboard", { status: 503, shows: undefined, ory: undefined, outage: true }),
    ],
  )
})
