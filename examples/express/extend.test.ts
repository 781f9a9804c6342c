import assert from "node:assert/strict"
import { test, type TestContext } from "node:test"
import type { RequestListener } from "node:http"
import { pino } from "pino"
import { createApp } from "./app.ts"
import type { Sliding } from "./config.ts"
import { createSignedInUser, listen, pass, Relay } from "./testing.ts"

const HOUR = 3_600_000
const TOKEN = "secret-token"
const RENEWED = "ory_kratos_session=renewed; Path=/"

interface Setup {
  send: (method?: string) => Promise<Response>
  /** Method, path and Authorization header of each request to the admin API. */
  extensions: string[]
  whoamis: () => number
  log: string[]
  sessionId: string
}

/** Starts an app whose user has a session that ends in an hour, until the admin API extends it. */
async function start(
  t: TestContext,
  {
    respond = (_, response) => response.writeHead(204).end(),
    ...sliding
  }: Partial<Sliding> & { respond?: RequestListener } = {},
): Promise<Setup> {
  const { cookie, sessionId } = await createSignedInUser()
  const extensions: string[] = []
  const relay = new Relay()
  await relay.start()
  const admin = await listen((request, response) => {
    extensions.push(`${request.method} ${request.url} ${request.headers.authorization}`)
    respond(request, response)
  })
  const soon = Date.now() + HOUR
  relay.respond = ({ status, body }, outgoing) => {
    const end = extensions.length === 0 ? soon : soon + 720 * HOUR
    if (extensions.length > 0) outgoing.setHeader("set-cookie", RENEWED)
    const session = { ...(JSON.parse(body) as object), expires_at: new Date(end).toISOString() }
    pass({ status, body: JSON.stringify(session) }, outgoing)
  }
  const log: string[] = []
  const config = {
    port: 0,
    appUrl: "http://localhost:3001",
    oryUrl: relay.url,
    sessionCookie: undefined,
    sliding: { adminUrl: admin.url, token: TOKEN, extendBelow: 2 * HOUR, maxAge: 2160 * HOUR, ...sliding },
  }
  const app = await listen(createApp(config, pino({}, { write: (line) => log.push(line) })))
  t.after(async () => {
    await Promise.all([app.stop(), relay.stop(), admin.stop()])
    assert.ok(!log.join("").includes(TOKEN), "the token is in the log")
  })
  const send = (method = "GET"): Promise<Response> => fetch(app.url, { method, headers: { cookie } })
  return { send, extensions, whoamis: () => relay.cookies.length, log, sessionId }
}

test("extends a session that ends soon, and passes Ory's new cookie on with the same response", async (t) => {
  const { send, extensions, whoamis, sessionId } = await start(t)
  const response = await send()
  assert.equal(response.status, 200)
  assert.deepEqual(response.headers.getSetCookie(), [RENEWED])
  assert.deepEqual(extensions, [`PATCH /admin/sessions/${sessionId}/extend Bearer ${TOKEN}`])
  assert.equal(whoamis(), 2)
  await send()
  assert.equal(extensions.length, 1)
  assert.equal(whoamis(), 3)
})

test("extends a session once for 20 concurrent requests", async (t) => {
  const { send, extensions } = await start(t)
  const responses = await Promise.all(Array.from({ length: 20 }, () => send()))
  for (const response of responses) assert.equal(response.status, 200)
  assert.equal(extensions.length, 1)
})

test("does not extend a session with enough time left, one that is too old, or for a request that changes something", async (t) => {
  const early = await start(t, { extendBelow: HOUR / 2 })
  await early.send()
  const old = await start(t, { maxAge: 1 })
  await old.send()
  const change = await start(t)
  await change.send("POST")
  for (const { extensions } of [early, old, change]) assert.deepEqual(extensions, [])
})

const failures: Record<string, RequestListener> = {
  "responds with 401": (_, response) => response.writeHead(401).end(),
  "responds with 429": (_, response) => response.writeHead(429).end(),
  "redirects to another server": (_, response) => response.writeHead(307, { location: "http://127.0.0.1:9/" }).end(),
  "closes the connection": (request) => request.socket.destroy(),
  "does not respond in time": () => undefined,
}
for (const [name, respond] of Object.entries(failures))
  test(`keeps the user signed in, waits up to a second and logs one line when the admin API ${name}`, async (t) => {
    const { send, extensions, log } = await start(t, { respond })
    const before = Date.now()
    assert.equal((await send()).status, 200)
    assert.ok(Date.now() - before < 2000)
    assert.equal((await send()).status, 200)
    assert.equal(extensions.length, 1)
    assert.equal(log.filter((line) => line.includes("sessions are not extended")).length, 1)
  })

test("keeps the session when the real admin API finds that it has too much time left", async (t) => {
  const { send, log, whoamis } = await start(t, {
    adminUrl: process.env.TEST_ORY_ADMIN_URL ?? "",
    extendBelow: 2160 * HOUR,
  })
  assert.equal((await send()).status, 200)
  assert.equal((await send()).status, 200)
  assert.equal(whoamis(), 3)
  assert.deepEqual(log, [])
})
