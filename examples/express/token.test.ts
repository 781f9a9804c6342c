import assert from "node:assert/strict"
import { setTimeout as sleep } from "node:timers/promises"
import { test, type TestContext } from "node:test"
import express, { type Express } from "express"
import type { Logger } from "pino"
import type { Config } from "./config.ts"
import { createRequireAuth } from "./session.ts"
import { api, appUrl, createSignedInUser, send, start, type Answer, type Setup, type TokenChanges } from "./testing.ts"
import { createRequireToken } from "./token.ts"

// `contract.test.ts` tests which tokens are valid. These tests are about the keys, and about requests from a browser.

const EMAIL = "ada@example.com"
const COOLDOWN = 10_000
const MINUTE = 60_000

/** Lets the test move the clock of the app, which runs in this process. */
function mockClock(t: TestContext, { intervals = false } = {}): (milliseconds: number) => void {
  t.mock.timers.enable({ apis: intervals ? ["Date", "setInterval"] : ["Date"], now: Date.now() })
  return (milliseconds) => {
    t.mock.timers.tick(milliseconds)
  }
}

async function call({ send, issuer, relay }: Setup, changes: TokenChanges = {}): Promise<string> {
  const token = await issuer.token(EMAIL, relay.url, changes)
  return outcome(await send("/api/me", { ...api, authorization: `Bearer ${token}` }))
}

function outcome({ status, body }: Answer): string {
  const { by, error } = JSON.parse(body) as { by?: string; error?: { code: string } }
  return `${status} ${error?.code ?? by ?? ""}`
}

test("fetches the keys once for 50 tokens, and does not call Ory", async (t) => {
  const setup = await start(t)
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => call(setup)))
  assert.deepEqual([...new Set(outcomes)], ["200 token"])
  assert.equal(setup.issuer.fetches, 1)
  assert.equal(setup.relay.cookies.length, 0)
})

test("fetches the keys at most once in ten seconds for tokens with unknown key ids", async (t) => {
  const setup = await start(t)
  const advance = mockClock(t)
  assert.equal(await call(setup), "200 token")
  const storm = (): Promise<string[]> =>
    Promise.all(Array.from({ length: 50 }, (_, index) => call(setup, { kid: `unknown-${index}` })))
  assert.deepEqual([...new Set(await storm())], ["401 token_invalid"])
  assert.equal(setup.issuer.fetches, 1)
  advance(COOLDOWN + 1)
  assert.deepEqual([...new Set(await storm())], ["401 token_invalid"])
  assert.equal(setup.issuer.fetches, 2)
  assert.equal(await call(setup), "200 token")
})

test("accepts tokens of a new key, also for concurrent requests, and of the old key while it is published", async (t) => {
  const setup = await start(t)
  const advance = mockClock(t)
  const old = await setup.issuer.token(EMAIL, setup.relay.url)
  const callWithOld = (): Promise<Answer> => setup.send("/api/me", { ...api, authorization: `Bearer ${old}` })
  assert.equal(outcome(await callWithOld()), "200 token")
  await setup.issuer.rotate({ keep: 1 })
  advance(COOLDOWN + 1)
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => call(setup)))
  assert.deepEqual([...new Set(outcomes)], ["200 token"])
  assert.equal(setup.issuer.fetches, 2)
  assert.equal(outcome(await callWithOld()), "200 token")
})

test("refuses tokens of a removed key after five minutes", { timeout: 20_000 }, async (t) => {
  // Before the app starts, because it then starts its interval.
  const advance = mockClock(t, { intervals: true })
  const setup = await start(t)
  const late = { claims: { exp: "+3600" } }
  const old = await setup.issuer.token(EMAIL, setup.relay.url, late)
  const callWithOld = async (): Promise<string> =>
    outcome(await setup.send("/api/me", { ...api, authorization: `Bearer ${old}` }))
  assert.equal(await callWithOld(), "200 token")
  await setup.issuer.rotate()
  assert.equal(await callWithOld(), "200 token")
  advance(5 * MINUTE + 1)
  while (setup.issuer.fetches < 2) await sleep(5)
  await sleep(50)
  assert.equal(await callWithOld(), "401 token_invalid")
})

const outages: Record<string, (setup: Setup) => unknown> = {
  "responds with 500": ({ issuer }) => {
    issuer.respond = (_request, response) => response.writeHead(500).end()
  },
  "responds with HTML": ({ issuer }) => {
    issuer.respond = (_request, response) => response.writeHead(200).end("<h1>Maintenance</h1>")
  },
  "redirects to another server": ({ issuer }) => {
    issuer.respond = (_request, response) => response.writeHead(302, { location: "http://127.0.0.1:9/" }).end()
  },
  "does not respond in time": ({ issuer }) => {
    issuer.respond = () => undefined
  },
  "is stopped": ({ issuer }) => issuer.stop(),
}
for (const [name, begin] of Object.entries(outages))
  test(
    `while the web app ${name}, unknown keys lead to 503 and known ones still work`,
    { timeout: 20_000 },
    async (t) => {
      const setup = await start(t)
      const advance = mockClock(t)
      const { respond } = setup.issuer

      await t.test("from the start: 503 for every token, and one attempt in ten seconds", async () => {
        if (name === "is stopped") return
        await begin(setup)
        const answers = await Promise.all(Array.from({ length: 10 }, () => call(setup)))
        assert.deepEqual([...new Set(answers)], ["503 unavailable"])
        assert.equal(await call(setup), "503 unavailable")
        assert.equal(setup.issuer.fetches, 1)
        assert.equal(setup.log.filter((line) => line.includes("could not be fetched")).length, 1)
        advance(COOLDOWN + 1)
        setup.issuer.respond = respond
      })

      await t.test("later", async () => {
        assert.equal(await call(setup), "200 token")
        await begin(setup)
        const before = setup.issuer.fetches
        advance(COOLDOWN + 1)
        assert.equal(await call(setup), "200 token")
        for (let calls = 0; calls < 3; calls++) assert.equal(await call(setup, { kid: "new" }), "503 unavailable")
        assert.ok(setup.issuer.fetches - before <= 1)
        assert.equal(await call(setup), "200 token")
      })
    },
  )

// Requests from a browser

test("allows CORS requests of the web app, with credentials, and no others", async (t) => {
  const { url, issuer } = await start(t)
  const preflight = { "access-control-request-method": "GET", "access-control-request-headers": "authorization" }
  const corsHeaders = ({ headers }: Answer): string[] =>
    [...headers.keys()].filter((name) => name.startsWith("access-control-"))

  const own = await send(`${url}/api/me`, { ...preflight, origin: issuer.url }, "OPTIONS")
  assert.equal(own.status, 204)
  assert.equal(own.headers.get("access-control-allow-origin"), issuer.url)
  assert.equal(own.headers.get("access-control-allow-credentials"), "true")
  assert.match(own.headers.get("access-control-allow-headers") ?? "", /authorization/i)

  // The page must be able to read why a request is refused.
  const refused = await send(`${url}/api/me`, { origin: issuer.url })
  assert.equal(refused.status, 401)
  assert.equal(refused.headers.get("access-control-allow-origin"), issuer.url)
  assert.match(refused.headers.get("vary") ?? "", /origin/i)

  for (const origin of ["https://evil.example", "null", `${issuer.url}.evil.example`, appUrl])
    for (const method of ["OPTIONS", "GET"])
      assert.deepEqual(corsHeaders(await send(`${url}/api/me`, { ...preflight, origin }, method)), [], origin)
  assert.deepEqual(corsHeaders(await send(`${url}/dashboard`, { origin: issuer.url })), [])
})

/** An app with one route for a cookie, and one for a token, that take every method. */
function createChangingApp(config: Config, log: Logger): Express {
  const done: express.RequestHandler = (_request, response) => response.sendStatus(204)
  return express()
    .use("/cookie", createRequireAuth(config, log), done)
    .use("/token", createRequireToken(config, log), done)
}

test("refuses a change with a cookie from another site, and accepts it with a token", async (t) => {
  const { url, issuer, relay } = await start(t, createChangingApp)
  const { cookie } = await createSignedInUser()
  const change = async (path: string, headers: Record<string, string>): Promise<number> =>
    (await send(url + path, { ...api, ...headers }, "POST")).status
  for (const origin of [appUrl, issuer.url]) assert.equal(await change("/cookie", { cookie, origin }), 204)
  const calls = relay.cookies.length
  for (const origin of ["https://evil.example", "null", `${appUrl}.evil.example`])
    assert.equal(await change("/cookie", { cookie, origin }), 403)
  const refused = await send(`${url}/cookie`, { ...api, cookie }, "POST")
  assert.equal(outcome(refused), "403 cross_site_request")
  assert.equal(relay.cookies.length, calls)

  const authorization = `Bearer ${await issuer.token(EMAIL, relay.url)}`
  assert.equal(await change("/token", { authorization, origin: "https://evil.example" }), 204)
  assert.equal(await change("/token", { authorization }), 204)
  assert.equal(await change("/token", { cookie, origin: appUrl }), 401)
})
