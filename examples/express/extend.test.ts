import assert from "node:assert/strict"
import type { RequestListener } from "node:http"
import { test } from "node:test"
import { ADMIN_TOKEN, api, startExtending } from "./testing.ts"

const HOUR = 3_600_000

test("calls Ory twice more for a session that it extends, and then no longer", async (t) => {
  const { send, extensions, relay, user } = await startExtending(t)
  const headers = { ...api, cookie: user.cookie }
  assert.equal((await send("/", headers)).status, 200)
  assert.deepEqual(extensions, [`PATCH /admin/sessions/${user.sessionId}/extend Bearer ${ADMIN_TOKEN}`])
  assert.equal(relay.cookies.length, 2)
  await send("/", headers)
  assert.equal(extensions.length, 1)
  assert.equal(relay.cookies.length, 3)
})

test("extends a session once for 20 concurrent requests", async (t) => {
  const { send, extensions, user } = await startExtending(t)
  const headers = { ...api, cookie: user.cookie }
  const answers = await Promise.all(Array.from({ length: 20 }, () => send("/", headers)))
  for (const { status } of answers) assert.equal(status, 200)
  assert.equal(extensions.length, 1)
})

test("does not extend a session for a request that changes something", async (t) => {
  const { send, extensions, user } = await startExtending(t)
  await send("/", { ...api, cookie: user.cookie }, "POST")
  assert.deepEqual(extensions, [])
})

const failures: Record<string, RequestListener> = {
  "responds with 401": (_, response) => response.writeHead(401).end(),
  "redirects to another server": (_, response) => response.writeHead(307, { location: "http://127.0.0.1:9/" }).end(),
  "closes the connection": (request) => request.socket.destroy(),
  "does not respond in time": () => undefined,
}
for (const [name, respond] of Object.entries(failures))
  test(`waits up to a second, logs one line and pauses when the admin API ${name}`, async (t) => {
    const { send, extensions, log, user } = await startExtending(t, { respond })
    const headers = { ...api, cookie: user.cookie }
    const before = Date.now()
    assert.equal((await send("/", headers)).status, 200)
    assert.ok(Date.now() - before < 2000)
    assert.equal((await send("/", headers)).status, 200)
    assert.equal(extensions.length, 1)
    assert.equal(log.filter((line) => line.includes("sessions are not extended")).length, 1)
  })

test("keeps the session when the real admin API finds that it has too much time left", async (t) => {
  const { send, log, relay, user } = await startExtending(t, {
    adminUrl: process.env.TEST_ORY_ADMIN_URL ?? "",
    extendBelow: 2160 * HOUR,
  })
  const headers = { ...api, cookie: user.cookie }
  assert.equal((await send("/", headers)).status, 200)
  assert.equal((await send("/", headers)).status, 200)
  assert.equal(relay.cookies.length, 3)
  assert.deepEqual(log, [])
})
