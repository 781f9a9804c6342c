/** Runs the table of behaviours that this app shares with the web app and the Go example. */

import assert from "node:assert/strict"
import { randomUUID } from "node:crypto"
import { readFileSync } from "node:fs"
import { test, type TestContext } from "node:test"
import {
  api,
  createSignedInUser,
  enrolSecondFactor,
  oryUrl,
  page,
  RENEWED,
  revoke,
  signIn,
  start,
  startExtending,
  type Answer,
  type Respond,
  type Setup,
  type TokenChanges,
  type User,
} from "./testing.ts"

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
    ory?: keyof typeof faults
    expect: Expected
  }[]
  refresh: { name: string; session: SessionState; query: string; purpose?: string; expect: Expected }[]
  returnTo: { value: string; path: string }[]
  extend: {
    name: string
    left: "soon" | "enough"
    tooOld?: true
    admin?: "401" | "429" | "hang" | "stopped"
    expect: { extensions: number; renewed: boolean }
  }[]
  tokens: {
    name: string
    /** Which apps have this behaviour: the two examples, or the web app. */
    only: "apis" | "next"
    token: TokenChanges
    /** The Authorization headers. By default `Bearer {token}`. */
    authorization?: string[]
    session?: "active"
    expect: Expected
  }[]
}

const contract = JSON.parse(readFileSync(new URL("../../e2e/contract.json", import.meta.url), "utf8")) as Contract
const tokens = contract.tokens.filter(({ only }) => only === "apis")

const REFRESH = "/refresh-session"

const accepts = { html: page, json: api, any: { accept: "*/*" } }

const reply =
  (status: number, body = "", type = "application/json"): Respond =>
  (_real, outgoing) =>
    outgoing.writeHead(status, { "content-type": type }).end(body)

/** Faults of Ory, by their names in the table. */
const faults: Record<"404" | "429" | "500" | "redirect" | "html" | "garbage" | "half" | "hang" | "stopped", Respond> = {
  "404": reply(404, '{"error":{"code":404}}'),
  "429": reply(429, '{"error":{"code":429}}'),
  "500": reply(500, '{"error":{"code":500}}'),
  redirect: (_real, outgoing) => outgoing.writeHead(302, { location: `${oryUrl}/sessions/whoami` }).end(),
  html: reply(200, "<h1>Maintenance</h1>", "text/html"),
  garbage: reply(200, '{"active": tr'),
  half: (_real, outgoing) => {
    outgoing.writeHead(200, { "content-type": "application/json", "content-length": "1000" })
    outgoing.write('{"active":true', () => outgoing.destroy())
  },
  hang: () => undefined,
  stopped: (_real, outgoing) => outgoing.destroy(),
}

let ran = 0

function run(name: string, body: (t: TestContext) => Promise<void>): void {
  test(name, { timeout: 20_000 }, (t) => {
    ran++
    return body(t)
  })
}

async function userIn(state: SessionState): Promise<User | undefined> {
  if (state === "none") return undefined
  const user = await createSignedInUser()
  if (state === "unknown") return { ...user, cookie: "ory_kratos_session=MTcwMDAwMDAwMHxhYmNk" }
  if (state === "revoked") await revoke(user)
  if (state !== "aal2_required") return user
  const other = await signIn(user, `${oryUrl}/self-service/login/browser`)
  // The user adds the second factor on another device, so this session still has none.
  await enrolSecondFactor(user)
  return other
}

function check(answer: Answer, expected: Expected, setup: Setup, email = "@"): void {
  const { status, headers, body } = answer
  assert.equal(status, expected.status, body)
  assert.equal(headers.get("cache-control"), "private, no-store")
  assert.equal(headers.get("retry-after") !== null, expected.retryAfter ?? false)
  if (expected.login) {
    const location = new URL(headers.get("location") ?? "")
    assert.equal(location.origin + location.pathname, `${setup.relay.url}/self-service/login/browser`)
    const query = { ...expected.login, return_to: `http://localhost:3001${expected.login.return_to}` }
    assert.deepEqual(Object.fromEntries(location.searchParams), query)
  } else assert.equal(headers.get("location"), null)
  if (expected.code !== undefined)
    assert.equal((JSON.parse(body) as { error: { code: string } }).error.code, expected.code)
  if (status === 503) assert.deepEqual(headers.getSetCookie(), [])
  assert.equal(body.includes(email), expected.email ?? false, body)
}

for (const { name, session, path, accept, ory, expect } of contract.sessions)
  run(name, async (t) => {
    const setup = await start(t)
    const user = await userIn(session)
    if (ory === "stopped") await setup.relay.stop()
    else if (ory !== undefined) setup.relay.respond = faults[ory]
    const headers = { ...accepts[accept], ...(user && { cookie: user.cookie }) }
    check(await setup.send(path, headers), expect, setup, user?.email)
  })

for (const { name, session, query, purpose, expect } of contract.refresh)
  run(name, async (t) => {
    const setup = await start(t)
    const user = await userIn(session)
    const headers = { ...page, ...(user && { cookie: user.cookie }), ...(purpose && { "sec-purpose": purpose }) }
    check(await setup.send(`${REFRESH}?${query}`, headers), expect, setup)
  })

for (const { value, path } of contract.returnTo)
  run(`return_to=${JSON.stringify(value)} leads to ${path}`, async (t) => {
    const setup = await start(t)
    const returnTo = value.replaceAll("{app}", "http://localhost:3001").replaceAll("{refresh}", REFRESH)
    const answer = await setup.send(`${REFRESH}?return_to=${encodeURIComponent(returnTo)}`)
    check(answer, { status: 303, login: { refresh: "true", return_to: path } }, setup)
  })

for (const { name, left, tooOld, admin, expect } of contract.extend)
  run(name, async (t) => {
    const setup = await startExtending(t, {
      ...(left === "enough" && { extendBelow: 60_000 }),
      ...(tooOld && { maxAge: 1 }),
      respond: (_request, response) => {
        if (admin !== "hang") response.writeHead(Number(admin ?? 204)).end()
      },
    })
    if (admin === "stopped") await setup.admin.stop()
    const answer = await setup.send("/dashboard", { ...page, cookie: setup.user.cookie })
    check(answer, { status: 200, email: true }, setup, setup.user.email)
    assert.equal(setup.extensions.length, expect.extensions)
    assert.deepEqual(answer.headers.getSetCookie(), expect.renewed ? [RENEWED] : [])
  })

for (const { name, token, authorization = ["Bearer {token}"], session, expect } of tokens)
  run(name, async (t) => {
    const setup = await start(t)
    const email = `${randomUUID()}@example.com`
    const jwt = await setup.issuer.token(email, setup.relay.url, token)
    const cookie = session && (await createSignedInUser()).cookie
    const headers = {
      ...api,
      authorization: authorization.map((line) => line.replaceAll("{token}", jwt)),
      ...(cookie && { cookie }),
    }
    check(await setup.send("/api/me", headers), expect, setup, email)
    assert.equal(setup.relay.cookies.length, 0, "a token must not cause a call to Ory")
  })

test("ran every case of the table", () => {
  const { sessions, refresh, returnTo, extend } = contract
  const cases = [sessions, refresh, returnTo, extend, tokens].flat()
  assert.ok(cases.length > 100)
  assert.equal(ran, cases.length)
})
