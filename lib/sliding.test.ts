import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { NextRequest } from "next/server"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi, type MockInstance } from "vitest"
import type { Session, Whoami } from "@/lib/ory"
import { session as makeSession } from "@/lib/testing"

/** Stands in for Ory's two APIs, so that each response can be chosen. The browser tests run against a real Ory. */
let server: Server
let extend: RequestListener
let whoami: RequestListener
let requests: IncomingMessage[]
let logged: MockInstance<typeof console.error>
let lib: typeof import("@/lib/sliding")

const COOKIE = "ory_kratos_session=secret-of-a-user"
const TOKEN = "secret-token"
const NOW = Date.parse("2030-01-01T12:00:00.000Z")
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const at = (time: number): string => new Date(time).toISOString()

/** A session of 30 days. By default, it is in the window of a day. */
const endingIn = (left: number, fields: Partial<Session> = {}): Session =>
  makeSession({ expires_at: at(NOW + left), authenticated_at: at(NOW + left - 30 * DAY), ...fields })
const ending = endingIn(2 * HOUR)
const checkedWith = (session: Session, issuedAt: string | undefined = session.authenticated_at): Whoami => ({
  verdict: { outcome: "active", session },
  setCookies: [],
  issuedAt,
})

const json = (status: number, body?: unknown, headers: Record<string, string> = {}): RequestListener => {
  return (_request, response) =>
    response
      .writeHead(status, { "content-type": "application/json", ...headers })
      .end(body === undefined ? undefined : JSON.stringify(body))
}
const RENEWED = "ory_kratos_session=renewed; Path=/; HttpOnly"
const respondWith = (session: Session): RequestListener =>
  json(200, { ...session, active: true, issued_at: session.authenticated_at }, { "set-cookie": RENEWED })

async function importSliding(variables: Record<string, string> = {}): Promise<typeof import("@/lib/sliding")> {
  vi.resetModules()
  vi.unstubAllEnvs()
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`
  const all = { ORY_SDK_URL: origin, ORY_ADMIN_URL: origin, ORY_PROJECT_API_TOKEN: TOKEN, ...variables }
  for (const [name, value] of Object.entries(all)) vi.stubEnv(name, value)
  return import("@/lib/sliding")
}

async function slide(
  checked = checkedWith(ending),
  {
    path = "/dashboard",
    method = "GET",
    headers = {},
  }: { path?: string; method?: string; headers?: Record<string, string> } = {},
): Promise<Whoami> {
  const { readGateRequest } = await import("@/lib/request")
  const next = new NextRequest(`http://localhost:3000${path}`, {
    method,
    headers: { "sec-fetch-dest": "document", host: "localhost:3000", cookie: COOKIE, ...headers },
  })
  return lib.slide(readGateRequest(next), checked)
}

const calls = (): string[] => requests.map(({ method = "", url = "" }) => `${method} ${url}`)
const EXTENDED = [`PATCH /admin/sessions/${ending.id}/extend`, "GET /sessions/whoami"]

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(request)
    const listener = request.url?.startsWith("/admin") ? extend : whoami
    listener(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve))
})

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW })
  logged = vi.spyOn(console, "error").mockReturnValue()
  requests = []
  extend = json(204)
  whoami = respondWith(endingIn(30 * DAY))
  lib = await importSliding()
})

afterEach(() => {
  const log = JSON.stringify(logged.mock.calls)
  for (const secret of ["secret-of-a-user", TOKEN]) expect(log).not.toContain(secret)
  vi.useRealTimers()
  vi.restoreAllMocks()
})

afterAll(async () => {
  vi.unstubAllEnvs()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

test.each([
  ["200", json(200, { id: ending.id })],
  ["204", json(204)],
  ["404, because another instance extends the session", json(404, {})],
])(
  "extends a session that ends soon and returns Ory's new cookie when Ory responds with %s",
  async (_what, listener) => {
    extend = listener
    const { verdict, setCookies } = await slide()
    expect(verdict).toMatchObject({ outcome: "active", session: { expires_at: at(NOW + 30 * DAY) } })
    expect(setCookies).toEqual([RENEWED])
    expect(calls()).toEqual(EXTENDED)
    expect(requests.map(({ headers }) => [headers.cookie, headers.authorization, headers["cache-control"]])).toEqual([
      [undefined, `Bearer ${TOKEN}`, "no-cache"],
      [COOKIE, undefined, "max-age=0"],
    ])
    expect(logged).not.toHaveBeenCalled()
  },
)

test("sends no token without ORY_PROJECT_API_TOKEN", async () => {
  lib = await importSliding({ ORY_PROJECT_API_TOKEN: "" })
  await slide()
  expect(calls()).toEqual(EXTENDED)
  expect(requests[0]?.headers).not.toHaveProperty("authorization")
})

test("extends nothing without ORY_ADMIN_URL", async () => {
  lib = await importSliding({ ORY_ADMIN_URL: "" })
  const checked = checkedWith(ending)
  expect(await slide(checked)).toBe(checked)
  expect(calls()).toEqual([])
})

describe("the window", () => {
  const extendsWith = async (session: Session, variables?: Record<string, string>): Promise<boolean> => {
    lib = await importSliding(variables)
    requests = []
    await slide(checkedWith(session))
    return requests.length > 0
  }

  test("is SESSION_EXTEND_BELOW long", async () => {
    const variables = { SESSION_EXTEND_BELOW: "1h30m" }
    expect(await extendsWith(endingIn(90 * MINUTE + 1), variables)).toBe(false)
    expect(await extendsWith(endingIn(90 * MINUTE), variables)).toBe(true)
  })

  test("is a day long by default", async () => {
    expect(await extendsWith(endingIn(DAY + 1))).toBe(false)
    expect(await extendsWith(endingIn(DAY))).toBe(true)
  })

  test("is at most half the lifespan by default", async () => {
    const ofAnHour = (left: number): Session => endingIn(left, { authenticated_at: at(NOW + left - HOUR) })
    expect(await extendsWith(ofAnHour(30 * MINUTE + 1))).toBe(false)
    expect(await extendsWith(ofAnHour(30 * MINUTE))).toBe(true)
  })

  test("is at most half the lifespan by default, also for a session that was extended before", async () => {
    whoami = respondWith(endingIn(HOUR))
    await slide(checkedWith(endingIn(MINUTE)))
    requests = []
    await slide(checkedWith(endingIn(31 * MINUTE)))
    expect(calls()).toEqual([])
    await slide(checkedWith(endingIn(30 * MINUTE)))
    expect(calls()).toEqual(EXTENDED)
  })
})

test.each([
  ["a page load", {}],
  ["a HEAD request", { method: "HEAD" }],
  ["a fetch by Next's router", { headers: { "sec-fetch-dest": "empty" } }],
  ["a sensitive page", { path: "/account" }],
])("extends the session for %s", async (_what, options) => {
  await slide(undefined, options)
  expect(calls()).toEqual(EXTENDED)
})

const ACTION = {
  "next-action": "7f" + "0a".repeat(20),
  "content-type": "text/plain",
  origin: "http://localhost:3000",
}
test.each([
  ["a prefetch by the browser", { headers: { "sec-purpose": "prefetch" } }],
  ["an image", { headers: { "sec-fetch-dest": "image" } }],
  ["an API request", { path: "/api/me" }],
  ["a form submission", { method: "POST" }],
  ["a server action", { method: "POST", path: "/account", headers: ACTION }],
])("does not extend the session for %s", async (_what, options) => {
  await slide(undefined, options)
  expect(calls()).toEqual([])
})

describe("never extends", () => {
  test.each(["anonymous", "aal2_required", "unavailable"] as const)("with the outcome %s", async (outcome) => {
    const checked: Whoami = { verdict: { outcome }, setCookies: [], issuedAt: at(NOW) }
    expect(await slide(checked)).toBe(checked)
    expect(calls()).toEqual([])
  })

  test("a session without the second factor that the path requires", async () => {
    await slide(undefined, { path: "/account/data" })
    expect(calls()).toEqual([])
    await slide(checkedWith({ ...ending, authenticator_assurance_level: "aal2" }), { path: "/account/data" })
    expect(calls()).toEqual(EXTENDED)
  })

  test.each([
    ["older than 90 days", {}, at(NOW - 90 * DAY)],
    ["older than SESSION_MAX_AGE", { SESSION_MAX_AGE: "1h" }, at(NOW - HOUR)],
    ["without a start", {}, undefined],
    ["with an invalid start", {}, "yesterday"],
  ])("a session %s, also after a recent sign-in", async (_what, variables: Record<string, string>, issuedAt) => {
    lib = await importSliding(variables)
    const recent = endingIn(MINUTE, { authenticated_at: at(NOW - MINUTE) })
    await slide({ ...checkedWith(recent), issuedAt })
    expect(calls()).toEqual([])
  })

  test("a session younger than SESSION_MAX_AGE is extended", async () => {
    lib = await importSliding({ SESSION_MAX_AGE: "1h" })
    await slide(checkedWith(ending, at(NOW - HOUR + 1)))
    expect(calls()).toEqual(EXTENDED)
  })
})

test("waits ten minutes when the session's end has not moved, and logs nothing", async () => {
  whoami = respondWith(ending)
  expect((await slide()).verdict).toMatchObject({ outcome: "active", session: { expires_at: ending.expires_at } })
  vi.setSystemTime(NOW + 10 * MINUTE - 1)
  await slide()
  expect(calls()).toEqual(EXTENDED)
  vi.setSystemTime(NOW + 10 * MINUTE)
  await slide()
  expect(calls()).toEqual([...EXTENDED, ...EXTENDED])
  expect(logged).not.toHaveBeenCalled()
})

test("does not wait after it has extended a session", async () => {
  await slide()
  await slide()
  expect(calls()).toEqual([...EXTENDED, ...EXTENDED])
})

test("extends a session once for 20 concurrent requests, and other sessions too", async () => {
  const other = { ...ending, id: "another" }
  const checks = await Promise.all([...Array.from({ length: 20 }, () => slide()), slide(checkedWith(other))])
  expect(checks.every(({ verdict }) => verdict.outcome === "active")).toBe(true)
  expect(calls().filter((call) => call.startsWith("PATCH"))).toEqual([
    `PATCH /admin/sessions/${ending.id}/extend`,
    "PATCH /admin/sessions/another/extend",
  ])
})

describe("after the extension", () => {
  test("keeps the first session when the second whoami gets no response", async () => {
    whoami = json(500, {})
    const checked = checkedWith(ending)
    expect(await slide(checked)).toBe(checked)
  })

  test.each([
    ["anonymous", json(401, {})],
    ["aal2_required", json(403, { error: { id: "session_aal2_required" } })],
  ])("returns the newer outcome %s", async (outcome, listener) => {
    whoami = listener
    expect((await slide()).verdict.outcome).toBe(outcome)
  })
})

describe.each<[string, RequestListener, RegExp]>([
  ["responds with 401", json(401, {}), /status 401/],
  ["responds with 403", json(403, {}), /status 403/],
  ["responds with 429", json(429, {}), /status 429/],
  ["responds with 500", json(500, {}), /status 500/],
  ["redirects to another origin", json(307, undefined, { location: "http://127.0.0.1:9/" }), /status 307|status 0/],
  ["closes the connection", (request) => request.socket.destroy(), /fetch failed/],
  ["does not respond in time", () => undefined, /timeout/],
])("when the admin API %s", (_what, listener, reason) => {
  test("the session stays as it is, and the log has one line a minute", async () => {
    extend = listener
    const checked = checkedWith(ending)
    const start = performance.now()
    expect(await Promise.all([slide(checked), slide(checkedWith({ ...ending, id: "another" }))])).toContain(checked)
    expect(performance.now() - start).toBeLessThan(1500)
    vi.setSystemTime(NOW + MINUTE - 1)
    expect(await slide(checked)).toBe(checked)
    expect(requests).toHaveLength(2)
    expect(logged.mock.calls).toEqual([[expect.stringMatching(reason)]])

    vi.setSystemTime(NOW + MINUTE)
    await slide(checked)
    expect(requests).toHaveLength(3)
    expect(logged).toHaveBeenCalledTimes(2)
  })
})

test("a session enters its window at a known time, and never without sliding or when it is too old by then", async () => {
  const session = endingIn(25 * HOUR)
  expect(lib.extendsAt(session, session.authenticated_at)).toBe(NOW + HOUR)
  expect(lib.extendsAt(session, at(NOW + HOUR - 90 * DAY))).toBe(Infinity)
  lib = await importSliding({ ORY_ADMIN_URL: "" })
  expect(lib.extendsAt(session, session.authenticated_at)).toBe(Infinity)
})
