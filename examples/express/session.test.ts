import assert from "node:assert/strict"
import { test } from "node:test"
import express, { type Express } from "express"
import type { Logger } from "pino"
import { createApp } from "./app.ts"
import type { Config } from "./config.ts"
import { createRequireAuth, sessionOf } from "./session.ts"
import {
  api,
  appUrl,
  createSignedInUser,
  oryUrl,
  page,
  pass,
  type Answer,
  type Relay,
  type Respond,
  revoke,
  type Setup,
  signIn,
  start,
} from "./testing.ts"

// `contract.test.ts` tests what this app shares with the web app: outcomes, `return_to` and refreshes.

/** An app that protects every path and every method. */
function createProtectedApp(config: Config, log: Logger): Express {
  return express().use(createRequireAuth(config, log), (request, response) => {
    response.json(sessionOf(request).identity.traits)
  })
}

function assertLogin({ status, headers }: Answer, relay: Relay, query: Record<string, string>): void {
  assert.equal(status, 303)
  assert.equal(headers.get("cache-control"), "private, no-store")
  const location = new URL(headers.get("location") ?? "")
  assert.equal(location.origin + location.pathname, `${relay.url}/self-service/login/browser`)
  assert.deepEqual(Object.fromEntries(location.searchParams), query)
}

function assertError({ status, headers, body }: Answer, expected: number, code: string): void {
  assert.equal(status, expected)
  assert.equal(headers.get("cache-control"), "private, no-store")
  assert.equal((JSON.parse(body) as { error: { code: string } }).error.code, code)
}

async function assertUnavailable({ send }: Setup, cookie: string): Promise<void> {
  const [html, json] = await Promise.all([
    send("/dashboard", { ...page, cookie }),
    send("/dashboard", { ...api, cookie }),
  ])
  assert.equal(html.status, 503)
  assert.equal(html.headers.get("retry-after"), "5")
  assert.equal(html.headers.get("cache-control"), "private, no-store")
  assert.equal(html.headers.get("location"), null)
  assert.deepEqual(html.headers.getSetCookie(), [])
  assertError(json, 503, "ory_unavailable")
}

// Guard

test("returns the user's traits when there is an active session", async (t) => {
  const { send, relay } = await start(t)
  const { email, cookie } = await createSignedInUser()
  const response = await send("/", { ...page, cookie })
  assert.equal(response.status, 200)
  assert.equal(response.headers.get("cache-control"), "private, no-store")
  assert.deepEqual(JSON.parse(response.body), { email })
  assert.equal(relay.cookies.length, 1)
})

test("does not call Ory when there is no session cookie", async (t) => {
  const { send, relay } = await start(t)
  assertLogin(await send("/", { accept: "application/json, text/html" }), relay, { return_to: `${appUrl}/` })
  assertError(await send("/", api), 401, "unauthenticated")
  const cookie = "csrf_token_1=a; other=b; xory_kratos_session=c; ory_session"
  assertLogin(await send("/", { ...page, cookie }), relay, { return_to: `${appUrl}/` })
  assert.equal(relay.cookies.length, 0)
})

test("refuses a revoked session at once, for reads and writes", async (t) => {
  const { send } = await start(t, createProtectedApp)
  for (const method of ["GET", "HEAD", "POST"]) {
    const user = await createSignedInUser()
    const headers = { ...api, cookie: user.cookie }
    assert.equal((await send("/note", headers, method)).status, 200)
    await revoke(user)
    assert.equal((await send("/note", headers, method)).status, 401)
    assertError(await send("/note", headers), 401, "unauthenticated")
  }
})

test("returns to the page with the form when a POST has no session", async (t) => {
  const { send, relay } = await start(t, createProtectedApp)
  for (const [referer, expected] of [
    [`${appUrl}/notes?page=2`, "/notes?page=2"],
    ["https://evil.example/notes", "/dashboard"],
    [undefined, "/dashboard"],
  ] as const) {
    const response = await send("/note", { ...page, ...(referer && { referer }) }, "POST")
    assertLogin(response, relay, { return_to: appUrl + expected })
  }
})

test("returns to the default page when the path looks like another host", async (t) => {
  const { send, relay } = await start(t, createProtectedApp)
  for (const path of ["//evil.example/", "///evil.example", "/\\evil.example", "/%5cevil.example//"])
    assertLogin(await send(path), relay, { return_to: `${appUrl}/dashboard` })
})

// Refresh

test("renews the session when the user signs in again", async (t) => {
  const { send, relay } = await start(t)
  const user = await createSignedInUser()
  const before = await whoami(user.cookie)

  const response = await send("/refresh-session?return_to=/dashboard%3Ftab%3D1", { ...page, cookie: user.cookie })
  assertLogin(response, relay, { refresh: "true", return_to: `${appUrl}/dashboard?tab=1` })
  const login = (response.headers.get("location") ?? "").replace(relay.url, oryUrl)
  const again = await signIn(user, login, user.cookie)

  const after = await whoami(again.cookie)
  assert.equal(again.sessionId, user.sessionId)
  assert.ok(Date.parse(after.authenticated_at) > Date.parse(before.authenticated_at))
  assert.ok(Date.parse(after.expires_at) > Date.parse(before.expires_at))
})

// Outages

const { cookie } = await createSignedInUser()

/** Sends this response instead of Ory's. */
const reply =
  (status: number, body = "", type = "application/json"): Respond =>
  (_real, outgoing) =>
    outgoing.writeHead(status, { "content-type": type }).end(body)

const outages: Record<string, Respond> = {
  "403 with another error id": reply(403, '{"error":{"id":"security_csrf_violation"}}'),
  "502 with HTML": reply(502, "<h1>Bad gateway</h1>", "text/html"),
  "200 without a body": reply(200),
  "200 with null": reply(200, "null"),
  "200 with an empty object": reply(200, "{}"),
  "an active session without an identity": reply(200, '{"id":"1","active":true}'),
  "an inactive session": ({ status, body }, outgoing) => {
    pass({ status, body: body.replace('"active":true', '"active":false') }, outgoing)
  },
  "204": (_real, outgoing) => outgoing.writeHead(204).end(),
  "a closed connection": (_real, outgoing) => outgoing.destroy(),
  "no complete response in time": (real, outgoing) => {
    outgoing.writeHead(200, { "content-type": "application/json" }).write(real.body.slice(0, 20))
  },
}

for (const [name, outage] of Object.entries(outages)) {
  test(`keeps the user signed in and sends 503 when Ory's response is: ${name}`, { timeout: 20_000 }, async (t) => {
    const setup = await start(t)
    setup.relay.respond = outage
    await assertUnavailable(setup, cookie)
    setup.relay.respond = pass
    assert.equal((await setup.send("/dashboard", { ...page, cookie })).status, 200)
  })
}

test("sends 503 and stays healthy when Ory is unreachable", async (t) => {
  const setup = await start(t)
  await setup.relay.stop()
  await assertUnavailable(setup, cookie)
  assert.equal((await setup.send("/healthz")).status, 200)
})

// Cookies

test("sends Ory only its session cookies, and passes Ory's new cookies to the browser", async (t) => {
  const { send, relay } = await start(t)
  const { cookie, email } = await createSignedInUser()
  let setCookies = ["ory_kratos_session=renewed; Path=/; HttpOnly", "ory_session_x=y; Path=/"]
  relay.respond = (real, outgoing) => {
    outgoing.setHeader("set-cookie", setCookies)
    pass(real, outgoing)
  }
  const sent = `theme=dark; ${cookie}; ory_session_demo=z; app=1; ory_session_bad=a b; ory_kratos_continuity=c`
  const response = await send("/", { ...page, cookie: sent })
  assert.deepEqual(JSON.parse(response.body), { email })
  assert.deepEqual(relay.cookies, [`${sessionPair(cookie)}; ory_session_demo=z`])
  assert.deepEqual(response.headers.getSetCookie(), setCookies)

  // The client library returns a single cookie in another type.
  setCookies = ["ory_session_x=alone; Path=/"]
  const second = await send("/", { ...page, cookie })
  assert.deepEqual(second.headers.getSetCookie(), setCookies)
})

for (const [sessionCookie, status] of [
  ["ory_kratos_session", 200],
  ["my_session", 401],
] as const)
  test(`sends Ory only the cookie ${sessionCookie} when ORY_SESSION_COOKIE names it`, async (t) => {
    const { send, relay } = await start(t, (config, log) => createApp({ ...config, sessionCookie }, log))
    const { cookie } = await createSignedInUser()
    const response = await send("/", { ...api, cookie: `ory_session_demo=z; my_session=unknown-to-ory; ${cookie}` })
    assert.equal(response.status, status)
    assert.deepEqual(relay.cookies, [status === 401 ? "my_session=unknown-to-ory" : sessionPair(cookie)])
  })

// Responses

test("escapes the user's traits in HTML", async (t) => {
  const { send, relay } = await start(t)
  const hostile = JSON.stringify(`<script>alert('1')</script>&"`)
  relay.respond = ({ status, body }, outgoing) => {
    pass({ status, body: body.replace(/"email":"[^"]*"/, () => `"email":${hostile}`) }, outgoing)
  }
  const response = await send("/dashboard", { ...page, cookie })
  assert.match(response.headers.get("content-type") ?? "", /^text\/html/)
  assert.match(response.body, /&#60;script&#62;alert\(&#39;1&#39;\)&#60;\/script&#62;&#38;&#34;/)
})

test("calls whoami once for each of 50 concurrent requests", async (t) => {
  const { send, relay } = await start(t, createProtectedApp)
  const { cookie, email } = await createSignedInUser()
  for (const method of ["GET", "POST"]) {
    const before = relay.cookies.length
    const responses = await Promise.all(Array.from({ length: 50 }, () => send("/note", { ...page, cookie }, method)))
    for (const { body } of responses) assert.deepEqual(JSON.parse(body), { email })
    assert.equal(relay.cookies.length, before + 50)
  }
})

test("gives each user their own session while other clients send invalid cookies", async (t) => {
  const { send } = await start(t)
  // One after the other: with SQLite, Kratos sometimes responds with 500 to sign-ins at the same time ("database is locked").
  const users = [await createSignedInUser(), await createSignedInUser(), await createSignedInUser()]
  const invalid = Array.from({ length: 50 }, (_, index) =>
    send("/", { ...api, cookie: `ory_session_x=invalid-${index}` }),
  )
  const valid = users.map(async ({ cookie, email }) => {
    assert.deepEqual(JSON.parse((await send("/", { ...page, cookie })).body), { email })
  })
  for (const response of await Promise.all(invalid)) assert.equal(response.status, 401)
  await Promise.all(valid)
})

function sessionPair(cookie: string): string {
  return cookie.split("; ").find((pair) => pair.startsWith("ory_kratos_session=")) ?? ""
}

async function whoami(cookie: string): Promise<{ authenticated_at: string; expires_at: string }> {
  const response = await fetch(`${oryUrl}/sessions/whoami`, { headers: { cookie } })
  return (await response.json()) as { authenticated_at: string; expires_at: string }
}
