import assert from "node:assert/strict"
import type { ServerResponse } from "node:http"
import { test, type TestContext } from "node:test"
import express, { type Express } from "express"
import { pino, type Logger } from "pino"
import { createApp } from "./app.ts"
import type { Config } from "./config.ts"
import { createRequireAuth, sessionOf } from "./session.ts"
import { enrolSecondFactor, listen, oryUrl, type RealAnswer, Relay, revoke, signedIn, signIn } from "./testing.ts"

/** Where browsers see the app, wherever it listens here. Local Ory lets people return to it. */
const appUrl = "http://localhost:3001"
const page = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" }
const api = { accept: "application/json" }

interface Setup {
  get: (path: string, headers?: Record<string, string>, method?: string) => Promise<Response>
  relay: Relay
}

/** An app behind a relay, both of this test's own. Afterwards its log is searched for cookies. */
async function start(
  t: TestContext,
  { create = createApp }: { create?: (config: Config, log: Logger) => Express } = {},
): Promise<Setup> {
  const relay = new Relay()
  await relay.start()
  const lines: string[] = []
  const log = pino({ level: "trace" }, { write: (line) => lines.push(line) })
  const app = await listen(create({ port: 0, appUrl, oryUrl: relay.url, sessionCookie: undefined }, log))
  t.after(async () => {
    await Promise.all([app.stop(), relay.stop()])
    const secrets = ["ory_kratos_session", ...relay.cookies.flatMap((cookie) => cookie?.split("=", 2)[1] ?? [])]
    for (const secret of secrets)
      assert.equal(
        lines.some((line) => line.includes(secret)),
        false,
        `${secret} is in the log`,
      )
  })
  const get: Setup["get"] = (path, headers = page, method = "GET") =>
    fetch(app.url + path, { method, headers, redirect: "manual" })
  return { get, relay }
}

/** An app of one's own: every path and method of it is protected. */
function everywhere(config: Config, log: Logger): Express {
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

async function assertUnavailable({ get }: Setup, cookie: string, method = "GET"): Promise<void> {
  const [response, answer] = await Promise.all(
    [page, api].map((headers) => get("/dashboard", { ...headers, cookie }, method)),
  )
  assert.ok(response && answer)
  assert.equal(response.status, 503)
  assert.equal(response.headers.get("retry-after"), "5")
  assert.equal(response.headers.get("cache-control"), "private, no-store")
  assert.equal(response.headers.get("location"), null)
  assert.deepEqual(response.headers.getSetCookie(), [])
  await assertError(answer, 503, "ory_unavailable")
}

// The guide's sections.

test("protect routes: with a session, the person's traits", async (t) => {
  const { get, relay } = await start(t)
  const { email, cookie } = await signedIn()
  const response = await get("/", { ...page, cookie })
  assert.equal(response.status, 200)
  assert.equal(response.headers.get("cache-control"), "private, no-store")
  assert.deepEqual(await response.json(), { email })
  assert.equal(relay.cookies.length, 1)
})

test("protect routes: without one, to Ory's login and back, or 401 for an API client, and Ory is not asked", async (t) => {
  const { get, relay } = await start(t)
  assertLogin(await get("/"), relay, { return_to: `${appUrl}/` })
  assertLogin(await get("/dashboard?tab=a%20b&tab=c"), relay, { return_to: `${appUrl}/dashboard?tab=a%20b&tab=c` })
  assertLogin(await get("/", { accept: "application/json, text/html" }), relay, { return_to: `${appUrl}/` })
  await assertError(await get("/", api), 401, "unauthenticated")
  assertLogin(
    await get("/", { ...page, cookie: "csrf_token_1=a; other=b; xory_kratos_session=c; ory_session" }),
    relay,
    { return_to: `${appUrl}/` },
  )
  assert.equal(relay.cookies.length, 0)
})

test("refresh sessions: signing in again renews the same session", async (t) => {
  const { get, relay } = await start(t)
  const person = await signedIn()
  const before = await whoami(person.cookie)

  const response = await get("/refresh-session?return_to=/dashboard%3Ftab%3D1", { ...page, cookie: person.cookie })
  assertLogin(response, relay, { refresh: "true", return_to: `${appUrl}/dashboard?tab=1` })
  const login = (response.headers.get("location") ?? "").replace(relay.url, oryUrl)
  const again = await signIn(person, login, person.cookie)

  const after = await whoami(again.cookie)
  assert.equal(again.sessionId, person.sessionId)
  assert.ok(Date.parse(after.authenticated_at) > Date.parse(before.authenticated_at))
  assert.ok(Date.parse(after.expires_at) > Date.parse(before.expires_at))
})

test("refresh sessions: a prefetch begins no flow, and hostile targets become the default page", async (t) => {
  const { get, relay } = await start(t)
  for (const [header, value] of [
    ["sec-purpose", "prefetch;prerender"],
    ["purpose", "prefetch"],
  ] as const) {
    const response = await get("/refresh-session", { [header]: value })
    assert.equal(response.status, 503)
    assert.equal(response.headers.get("location"), null)
  }
  for (const query of [
    "",
    "?return_to=https://evil.example",
    "?return_to=//evil.example",
    "?return_to=/a&return_to=/b",
    "?return_to=/refresh-session",
  ])
    assertLogin(await get(`/refresh-session${query}`), relay, { refresh: "true", return_to: `${appUrl}/dashboard` })
})

test("session settings: a session that Ory ended is over at once, for reads and for writes", async (t) => {
  const setup = await start(t, { create: everywhere })
  for (const method of ["GET", "HEAD", "POST"]) {
    const person = await signedIn()
    const send = (method: string): Promise<Response> => setup.get("/note", { ...api, cookie: person.cookie }, method)
    assert.equal((await send(method)).status, 200)
    await revoke(person)
    assert.equal((await send(method)).status, 401)
    await assertError(await send("GET"), 401, "unauthenticated")
  }
})

// The outcomes.

test("a second factor that is due is asked for", async (t) => {
  const { get, relay } = await start(t)
  const person = await signedIn()
  const { cookie } = await signIn(person, `${oryUrl}/self-service/login/browser`)
  // On another device: this session stays as it was.
  await enrolSecondFactor(person)
  assertLogin(await get("/dashboard?x=1", { ...page, cookie }), relay, {
    aal: "aal2",
    return_to: `${appUrl}/dashboard?x=1`,
  })
  await assertError(await get("/dashboard", { ...api, cookie }), 403, "session_aal2_required")
})

test("a cookie that Ory does not know is nobody's", async (t) => {
  const { get, relay } = await start(t)
  const cookie = "ory_kratos_session=MTcwMDAwMDAwMHxhYmNk"
  assertLogin(await get("/dashboard", { ...page, cookie }), relay, { return_to: `${appUrl}/dashboard` })
  await assertError(await get("/dashboard", { ...api, cookie }), 401, "unauthenticated")
  assert.equal(relay.cookies.length, 2)
})

const json =
  (status: number, body: string) =>
  (_real: RealAnswer, outgoing: ServerResponse): void => {
    outgoing.writeHead(status, { "content-type": "application/json" }).end(body)
  }

const { cookie } = await signedIn()

const faults: Record<string, (real: RealAnswer, outgoing: ServerResponse) => void> = {
  "403 with another reason": json(403, '{"error":{"id":"security_csrf_violation"}}'),
  "404": json(404, '{"error":{"code":404}}'),
  "429": json(429, '{"error":{"code":429}}'),
  "500": json(500, '{"error":{"code":500}}'),
  "502 in HTML": (_real, outgoing) =>
    outgoing.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad gateway</h1>"),
  "200 in HTML": (_real, outgoing) =>
    outgoing.writeHead(200, { "content-type": "text/html" }).end("<h1>Maintenance</h1>"),
  "200 and nothing": json(200, ""),
  "200 and null": json(200, "null"),
  "200 and half a JSON": json(200, '{"active": tr'),
  "200 and an empty object": json(200, "{}"),
  "active, but of nobody": json(200, '{"id":"1","active":true}'),
  "an inactive session": (real, outgoing) => {
    json(200, real.body.replace('"active":true', '"active":false'))(real, outgoing)
  },
  "204": (_real, outgoing) => outgoing.writeHead(204).end(),
  "a redirect to a session": (_real, outgoing) =>
    outgoing.writeHead(302, { location: `${oryUrl}/sessions/whoami` }).end(),
  "a lost connection": (_real, outgoing) => outgoing.destroy(),
  "half an answer": (_real, outgoing) => {
    outgoing.writeHead(200, { "content-type": "application/json", "content-length": "1000" })
    outgoing.write('{"active":true', () => outgoing.destroy())
  },
  "no answer in time": () => undefined,
  "no end of an answer in time": (real, outgoing) => {
    outgoing.writeHead(200, { "content-type": "application/json" }).write(real.body.slice(0, 20))
  },
}

for (const [name, fault] of Object.entries(faults)) {
  test(`Ory's outage signs nobody in or out: ${name}`, { timeout: 20_000 }, async (t) => {
    const setup = await start(t)
    const real = setup.relay.answer
    setup.relay.answer = fault
    await assertUnavailable(setup, cookie)
    setup.relay.answer = real
    assert.equal((await setup.get("/dashboard", { ...page, cookie })).status, 200)
  })
}

test("Ory's outage signs nobody in or out: nothing listens there", async (t) => {
  const setup = await start(t)
  const { cookie } = await signedIn()
  await setup.relay.stop()
  await assertUnavailable(setup, cookie)
  assert.equal((await setup.get("/healthz")).status, 200)
})

// What is sent where.

test("Ory gets its own session cookies and no others, and its new ones reach the browser", async (t) => {
  const { get, relay } = await start(t)
  const { cookie, email } = await signedIn()
  const session = cookie.split("; ").find((pair) => pair.startsWith("ory_kratos_session=")) ?? ""
  relay.answer = ({ status, body }, outgoing) => {
    const renewed = ["ory_kratos_session=renewed; Path=/; HttpOnly", "ory_session_x=y; Path=/"]
    outgoing.writeHead(status, { "content-type": "application/json", "set-cookie": renewed }).end(body)
  }
  const sent = `theme=dark; ${cookie}; ory_session_demo=z; app=1; ory_session_bad=a b; ory_kratos_continuity=c`
  const response = await get("/", { ...page, cookie: sent })
  assert.deepEqual(await response.json(), { email })
  assert.deepEqual(relay.cookies, [`${session}; ory_session_demo=z`])
  assert.deepEqual(response.headers.getSetCookie(), [
    "ory_kratos_session=renewed; Path=/; HttpOnly",
    "ory_session_x=y; Path=/",
  ])

  relay.answer = ({ status, body }, outgoing) => {
    outgoing
      .writeHead(status, { "content-type": "application/json", "set-cookie": "ory_session_x=alone; Path=/" })
      .end(body)
  }
  const lone = await get("/", { ...page, cookie: session })
  assert.deepEqual(lone.headers.getSetCookie(), ["ory_session_x=alone; Path=/"])
})

for (const [sessionCookie, status] of [
  ["ory_kratos_session", 200],
  ["my_session", 401],
] as const)
  test(`with ORY_SESSION_COOKIE=${sessionCookie}, Ory gets the cookie of that name and no other`, async (t) => {
    const { get, relay } = await start(t, { create: (config, log) => createApp({ ...config, sessionCookie }, log) })
    const { cookie } = await signedIn()
    const session = cookie.split("; ").find((pair) => pair.startsWith("ory_kratos_session=")) ?? ""
    const response = await get("/", { ...api, cookie: `ory_session_demo=z; my_session=unknown-to-ory; ${cookie}` })
    assert.equal(response.status, status)
    assert.deepEqual(relay.cookies, [sessionCookie === "my_session" ? "my_session=unknown-to-ory" : session])
  })

test("an action that was stopped returns to the page it was sent from", async (t) => {
  const { get, relay } = await start(t, { create: everywhere })
  for (const [referer, back] of [
    [`${appUrl}/notes?page=2`, "/notes?page=2"],
    ["https://evil.example/notes", "/dashboard"],
    ["", "/dashboard"],
  ] as const)
    assertLogin(await get("/note", { ...page, ...(referer && { referer }) }, "POST"), relay, {
      return_to: appUrl + back,
    })
})

test("a path that looks like a host leads nowhere else", async (t) => {
  const { get, relay } = await start(t, { create: everywhere })
  for (const path of ["//evil.example/", "///evil.example", "/\\evil.example", "/%5cevil.example//"])
    assertLogin(await get(path), relay, { return_to: `${appUrl}/dashboard` })
})

test("the dashboard shows a hostile name as text", async (t) => {
  const { get, relay } = await start(t)
  const { cookie } = await signedIn()
  relay.answer = ({ status, body }, outgoing) => {
    json(status, body.replace(/"email":"[^"]*"/, `"email":"<script>alert('1')</script>&\\""`))(
      { status, body },
      outgoing,
    )
  }
  const response = await get("/dashboard", { ...page, cookie })
  assert.match(response.headers.get("content-type") ?? "", /^text\/html/)
  assert.match(await response.text(), /&#60;script&#62;alert\(&#39;1&#39;\)&#60;\/script&#62;&#38;&#34;/)
})

// What a request costs.

test("each request costs one whoami, also at the same time", async (t) => {
  const { get, relay } = await start(t, { create: everywhere })
  const { cookie, email } = await signedIn()
  for (const method of ["GET", "POST"]) {
    const before = relay.cookies.length
    const responses = await Promise.all(Array.from({ length: 50 }, () => get("/note", { ...page, cookie }, method)))
    for (const response of responses) assert.deepEqual(await response.json(), { email })
    assert.equal(relay.cookies.length, before + 50)
  }
})

test("each person gets their own session, whatever cookies others make up", async (t) => {
  const { get } = await start(t)
  const people = await Promise.all([signedIn(), signedIn(), signedIn()])
  const madeUp = Array.from({ length: 50 }, (_, index) =>
    get("/", { ...api, cookie: `ory_session_x=made-up-${index}` }),
  )
  const answers = people.map(async ({ cookie, email }) => {
    assert.deepEqual(await (await get("/", { ...page, cookie })).json(), { email })
  })
  for (const response of await Promise.all(madeUp)) assert.equal(response.status, 401)
  await Promise.all(answers)
})

interface Times {
  authenticated_at: string
  expires_at: string
}

async function whoami(cookie: string): Promise<Times> {
  return (await (await fetch(`${oryUrl}/sessions/whoami`, { headers: { cookie } })).json()) as Times
}
