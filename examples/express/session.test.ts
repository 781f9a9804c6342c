import assert from "node:assert/strict"
import { test, type TestContext } from "node:test"
import express, { type Express } from "express"
import { pino, type Logger } from "pino"
import { createApp } from "./app.ts"
import type { Config } from "./config.ts"
import { createRequireAuth, sessionOf } from "./session.ts"
import {
  createSignedInUser,
  enrolSecondFactor,
  listen,
  oryUrl,
  pass,
  Relay,
  type Respond,
  revoke,
  signIn,
} from "./testing.ts"

/** The app's origin for browsers, whatever port the test uses. Local Ory allows it in `return_to`. */
const appUrl = "http://localhost:3001"
const page = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" }
const api = { accept: "application/json" }

interface Setup {
  send: (path: string, headers?: Record<string, string>, method?: string) => Promise<Response>
  relay: Relay
}

/** Starts an app behind a relay. After the test it checks that the log holds no cookies. */
async function start(t: TestContext, create = createApp): Promise<Setup> {
  const relay = new Relay()
  await relay.start()
  const lines: string[] = []
  const log = pino({ level: "trace" }, { write: (line) => lines.push(line) })
  const config = { port: 0, appUrl, oryUrl: relay.url, sessionCookie: undefined, sliding: undefined }
  const app = await listen(create(config, log))
  t.after(async () => {
    await Promise.all([app.stop(), relay.stop()])
    const secrets = ["ory_kratos_session", ...relay.cookies.flatMap((cookie) => cookie?.split("=", 2)[1] ?? [])]
    for (const secret of secrets) assert.ok(!lines.join("").includes(secret), `${secret} is in the log`)
  })
  const send: Setup["send"] = (path, headers = page, method = "GET") =>
    fetch(app.url + path, { method, headers, redirect: "manual" })
  return { send, relay }
}

/** An app that protects every path and every method. */
function createProtectedApp(config: Config, log: Logger): Express {
  return express().use(createRequireAuth(config, log), (request, response) => {
    response.json(sessionOf(request).identity.traits)
  })
}

function assertLogin(response: Response, relay: Relay, query: Record<string, string>): void {
  assert.equal(response.status, 303)
  assert.equal(response.headers.get("cache-control"), "private, no-store")
  const location = new URL(response.headers.get("location") ?? "")
  assert.equal(location.origin + location.pathname, `${relay.url}/self-service/login/browser`)
  assert.deepEqual(Object.fromEntries(location.searchParams), query)
}

async function assertError(response: Response, status: number, code: string): Promise<void> {
  assert.equal(response.status, status)
  assert.equal(response.headers.get("cache-control"), "private, no-store")
  const { error } = (await response.json()) as { error: { code: string } }
  assert.equal(error.code, code)
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
  await assertError(json, 503, "ory_unavailable")
}

// Guard

test("returns the user's traits when there is an active session", async (t) => {
  const { send, relay } = await start(t)
  const { email, cookie } = await createSignedInUser()
  const response = await send("/", { ...page, cookie })
  assert.equal(response.status, 200)
  assert.equal(response.headers.get("cache-control"), "private, no-store")
  assert.deepEqual(await response.json(), { email })
  assert.equal(relay.cookies.length, 1)
})

test("redirects pages to sign-in and sends 401 to API clients without calling Ory when there is no session cookie", async (t) => {
  const { send, relay } = await start(t)
  assertLogin(await send("/"), relay, { return_to: `${appUrl}/` })
  assertLogin(await send("/dashboard?tab=a%20b&tab=c"), relay, { return_to: `${appUrl}/dashboard?tab=a%20b&tab=c` })
  assertLogin(await send("/", { accept: "application/json, text/html" }), relay, { return_to: `${appUrl}/` })
  await assertError(await send("/", api), 401, "unauthenticated")
  const cookie = "csrf_token_1=a; other=b; xory_kratos_session=c; ory_session"
  assertLogin(await send("/", { ...page, cookie }), relay, { return_to: `${appUrl}/` })
  assert.equal(relay.cookies.length, 0)
})

test("redirects to sign-in when Ory does not know the cookie", async (t) => {
  const { send, relay } = await start(t)
  const cookie = "ory_kratos_session=MTcwMDAwMDAwMHxhYmNk"
  assertLogin(await send("/dashboard", { ...page, cookie }), relay, { return_to: `${appUrl}/dashboard` })
  await assertError(await send("/dashboard", { ...api, cookie }), 401, "unauthenticated")
  assert.equal(relay.cookies.length, 2)
})

test("refuses a revoked session at once, for reads and writes", async (t) => {
  const { send } = await start(t, createProtectedApp)
  for (const method of ["GET", "HEAD", "POST"]) {
    const user = await createSignedInUser()
    const headers = { ...api, cookie: user.cookie }
    assert.equal((await send("/note", headers, method)).status, 200)
    await revoke(user)
    assert.equal((await send("/note", headers, method)).status, 401)
    await assertError(await send("/note", headers), 401, "unauthenticated")
  }
})

test("redirects to the second factor when Ory requires it", async (t) => {
  const { send, relay } = await start(t)
  const user = await createSignedInUser()
  const { cookie } = await signIn(user, `${oryUrl}/self-service/login/browser`)
  // The user adds the second factor on another device, so this session still has none.
  await enrolSecondFactor(user)
  const query = { aal: "aal2", return_to: `${appUrl}/dashboard?x=1` }
  assertLogin(await send("/dashboard?x=1", { ...page, cookie }), relay, query)
  await assertError(await send("/dashboard", { ...api, cookie }), 403, "session_aal2_required")
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

test("does not start a refresh for a prefetch", async (t) => {
  const { send } = await start(t)
  const prefetches: Record<string, string>[] = [{ "sec-purpose": "prefetch;prerender" }, { purpose: "prefetch" }]
  for (const headers of prefetches) {
    const response = await send("/refresh-session", headers)
    assert.equal(response.status, 503)
    assert.equal(response.headers.get("location"), null)
  }
})

test("returns to the default page after a refresh when return_to is not allowed", async (t) => {
  const { send, relay } = await start(t)
  for (const query of [
    "",
    "?return_to=https://evil.example",
    "?return_to=//evil.example",
    "?return_to=/a&return_to=/b",
    "?return_to=/refresh-session",
  ])
    assertLogin(await send(`/refresh-session${query}`), relay, { refresh: "true", return_to: `${appUrl}/dashboard` })
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
  "404": reply(404, '{"error":{"code":404}}'),
  "429": reply(429, '{"error":{"code":429}}'),
  "500": reply(500, '{"error":{"code":500}}'),
  "502 with HTML": reply(502, "<h1>Bad gateway</h1>", "text/html"),
  "200 with HTML": reply(200, "<h1>Maintenance</h1>", "text/html"),
  "200 without a body": reply(200),
  "200 with null": reply(200, "null"),
  "200 with truncated JSON": reply(200, '{"active": tr'),
  "200 with an empty object": reply(200, "{}"),
  "an active session without an identity": reply(200, '{"id":"1","active":true}'),
  "an inactive session": ({ status, body }, outgoing) => {
    pass({ status, body: body.replace('"active":true', '"active":false') }, outgoing)
  },
  "204": (_real, outgoing) => outgoing.writeHead(204).end(),
  "a redirect to a session": (_real, outgoing) =>
    outgoing.writeHead(302, { location: `${oryUrl}/sessions/whoami` }).end(),
  "a closed connection": (_real, outgoing) => outgoing.destroy(),
  "an incomplete response": (_real, outgoing) => {
    outgoing.writeHead(200, { "content-type": "application/json", "content-length": "1000" })
    outgoing.write('{"active":true', () => outgoing.destroy())
  },
  "no response in time": () => undefined,
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
  assert.deepEqual(await response.json(), { email })
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
  assert.match(await response.text(), /&#60;script&#62;alert\(&#39;1&#39;\)&#60;\/script&#62;&#38;&#34;/)
})

test("calls whoami once for each of 50 concurrent requests", async (t) => {
  const { send, relay } = await start(t, createProtectedApp)
  const { cookie, email } = await createSignedInUser()
  for (const method of ["GET", "POST"]) {
    const before = relay.cookies.length
    const responses = await Promise.all(Array.from({ length: 50 }, () => send("/note", { ...page, cookie }, method)))
    for (const response of responses) assert.deepEqual(await response.json(), { email })
    assert.equal(relay.cookies.length, before + 50)
  }
})

test("gives each user their own session while other clients send invalid cookies", async (t) => {
  const { send } = await start(t)
  const users = await Promise.all([createSignedInUser(), createSignedInUser(), createSignedInUser()])
  const invalid = Array.from({ length: 50 }, (_, index) =>
    send("/", { ...api, cookie: `ory_session_x=invalid-${index}` }),
  )
  const valid = users.map(async ({ cookie, email }) => {
    assert.deepEqual(await (await send("/", { ...page, cookie })).json(), { email })
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
