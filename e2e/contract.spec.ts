import { readFileSync } from "node:fs"
import { expect, enrolLookupSecrets, signIn, test } from "./fixtures"
import { createUser, PAGE_LOAD, revokeSession, send, type Answer, type SignedIn } from "./http"
import { freePorts } from "./ports"
import { Relay, type Fault } from "./relay"
import { startApp, startServers, type Servers } from "./servers"

/**
 * Runs `contract.json`: the behaviours that this app shares with the examples in Express and Go. Each of them has a test like this
 * one, and all fail when they run fewer cases than the table has.
 */

type SessionState = "active" | "none" | "unknown" | "revoked" | "aal2_required"

interface Expected {
  status: number
  /** Code of the error, as JSON. */
  code?: string
  /** The query of Ory's sign-in page. `return_to` is a path of this app. */
  login?: Record<string, string>
  /** Whether clients are told when to try again. */
  retryAfter?: boolean
  /** Whether the body has the user's email address. */
  email?: boolean
}

interface Contract {
  sessions: {
    name: string
    session: SessionState
    path: string
    accept: keyof typeof accepts
    ory?: Fault | "stopped"
    expect: Expected
  }[]
  refresh: { name: string; session: SessionState; query: string; purpose?: string; expect: Expected }[]
  returnTo: { value: string; path: string }[]
  extend: {
    name: string
    left: "soon" | "enough"
    tooOld?: true
    admin?: Fault | "stopped"
    expect: { extensions: number; renewed: boolean }
  }[]
  /** Only the case for this app has no options. */
  tokens: { name: string; only: "apis" | "next"; expect: Expected }[]
}

const contract = JSON.parse(readFileSync("e2e/contract.json", "utf8")) as Contract
const tokens = contract.tokens.filter(({ only }) => only === "next")

const REFRESH = "/api/refresh-session"

const accepts = { html: PAGE_LOAD, json: { accept: "application/json" }, any: { accept: "*/*" } }

// One worker runs all cases, so that it can count them.
test.describe.configure({ mode: "default" })

let ran = 0
let servers: Servers
test.beforeAll(async () => {
  servers = await startServers({ app: { SESSION_CACHE_SECONDS: "0" } })
})
test.afterAll(async () => {
  await servers.stop()
})

function check({ status, headers, body }: Answer, expected: Expected, { appUrl, oryUrl }: Servers, email = "@"): void {
  expect(status, body).toBe(expected.status)
  expect(headers["cache-control"]).toBe("private, no-store")
  expect(headers["retry-after"] !== undefined).toBe(expected.retryAfter ?? false)
  if (expected.login) {
    const location = new URL(headers.location ?? "")
    expect(location.origin + location.pathname).toBe(`${oryUrl}/self-service/login/browser`)
    const query = { ...expected.login, return_to: `${appUrl}${expected.login.return_to ?? ""}` }
    expect(Object.fromEntries(location.searchParams)).toEqual(query)
  } else expect(headers.location).toBeUndefined()
  if (expected.code !== undefined) expect(JSON.parse(body)).toMatchObject({ error: { code: expected.code } })
  if (status === 503) expect(headers["set-cookie"]).toBeUndefined()
  expect(body.includes(email)).toBe(expected.email ?? false)
}

test.describe("an outcome", () => {
  for (const { name, session, path, accept, ory, expect: expected } of contract.sessions)
    test(name, async ({ openPage, openAs }) => {
      ran++
      const { relay, appUrl, ory: local } = servers
      let user: SignedIn | undefined = session === "none" ? undefined : await createUser(servers)
      if (user && session === "revoked") await revokeSession(user.sessionId, local.adminUrl)
      if (user && session === "unknown") user = { ...user, cookie: "ory_kratos_session=MTcwMDAwMDAwMHxhYmNk" }
      if (user && session === "aal2_required") {
        const other = await openPage(appUrl)
        await other.goto("/dashboard")
        await signIn(other, user)
        await other.waitForURL("**/dashboard")
        // The user enrols a second factor in this browser, so the session in the other one still has none.
        await enrolLookupSecrets(await openAs(user, appUrl))
        const cookies = await other.context().cookies()
        user.cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ")
      }
      if (ory === "stopped") await relay.stop()
      else relay.fault = ory ?? "none"
      try {
        const headers = { ...accepts[accept], ...(user && { cookie: user.cookie }) }
        check(await send(appUrl, path, { headers }), expected, servers, user?.email)
      } finally {
        relay.fault = "none"
        if (ory === "stopped") await relay.start()
      }
    })
})

test.describe("a refresh", () => {
  for (const { name, session, query, purpose, expect: expected } of contract.refresh)
    test(name, async () => {
      ran++
      const user = session === "none" ? undefined : await createUser(servers)
      const headers = { ...PAGE_LOAD, ...(user && { cookie: user.cookie }), ...(purpose && { "sec-purpose": purpose }) }
      check(await send(servers.appUrl, `${REFRESH}?${query}`, { headers }), expected, servers, user?.email)
    })
})

test.describe("return_to", () => {
  for (const { value, path } of contract.returnTo)
    test(`${JSON.stringify(value)} leads to ${path}`, async () => {
      ran++
      const returnTo = value.replaceAll("{app}", servers.appUrl).replaceAll("{refresh}", REFRESH)
      const query = `return_to=${encodeURIComponent(returnTo)}`
      const answer = await send(servers.appUrl, `${REFRESH}?${query}`, { headers: PAGE_LOAD })
      check(answer, { status: 303, login: { refresh: "true", return_to: path } }, servers)
    })
})

test.describe("sliding sessions", () => {
  let sliding: Servers
  let admin: Relay
  let adminUrl: string
  test.beforeAll(async () => {
    const [port] = await freePorts()
    adminUrl = `http://localhost:${port}`
    sliding = await startServers({ kratos: { SESSION_LIFESPAN: "10m", SESSION_EARLIEST_POSSIBLE_EXTEND: "10m" } })
    admin = new Relay(port, Number(new URL(sliding.ory.adminUrl).port))
    await admin.start()
  })
  test.afterAll(async () => {
    await sliding.stop()
    await admin.stop()
  })

  for (const { name, left, tooOld, admin: fault, expect: expected } of contract.extend)
    test(name, async ({ page, afterTest }) => {
      ran++
      const [port] = await freePorts()
      // A failed attempt pauses a whole process, so each case has its own.
      const env = {
        APP_URL: sliding.appUrl,
        ORY_SDK_URL: sliding.oryUrl,
        ORY_ADMIN_URL: adminUrl,
        SESSION_CACHE_SECONDS: "0",
        SESSION_EXTEND_BELOW: left === "soon" ? "10m" : "1m",
        ...(tooOld && { SESSION_MAX_AGE: "1s" }),
      }
      afterTest(await startApp(port, env))
      const user = await createUser(sliding)
      if (tooOld) await page.waitForTimeout(1100)
      admin.seen.length = 0
      if (fault === "stopped") await admin.stop()
      else admin.fault = fault ?? "none"
      afterTest(async () => {
        admin.fault = "none"
        if (fault === "stopped") await admin.start()
      })

      const headers = { ...PAGE_LOAD, cookie: user.cookie }
      const answer = await send(`http://localhost:${port}`, "/dashboard", { headers })
      check(answer, { status: 200, email: true }, sliding, user.email)
      expect(admin.seen).toHaveLength(expected.extensions)
      const cookies = answer.headers["set-cookie"] ?? []
      expect(cookies.some((cookie) => cookie.startsWith("ory_kratos_session="))).toBe(expected.renewed)
    })
})

test.describe("a bearer token", () => {
  for (const { name, expect: expected } of tokens)
    test(name, async () => {
      ran++
      const token = ["{}", "{}", "signature"].map((part) => Buffer.from(part).toString("base64url")).join(".")
      const headers = { ...accepts.json, authorization: `Bearer ${token}` }
      check(await send(servers.appUrl, "/api/me", { headers }), expected, servers)
    })
})

test("every case of the table ran", () => {
  const { sessions, refresh, returnTo, extend } = contract
  const cases = [sessions, refresh, returnTo, extend, tokens].flat()
  expect(cases.length).toBeGreaterThan(90)
  expect(ran).toBe(cases.length)
})
