import { setTimeout as sleep } from "node:timers/promises"
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose"
import { expect, test } from "../../e2e/fixtures"
import { createUser } from "../../e2e/http"
import { freePorts } from "../../e2e/ports"
import { startApp } from "../../e2e/servers"
import { paths } from "../../lib/routes"
import { newKey, publicKeys, rotated, tokenizerTemplates, type PrivateKey } from "../../scripts/session-token-keys"

/** Lifetime of a token and of the keys in an API's cache, in seconds. Five minutes each, outside of this test. */
const SECONDS = 4

/** Follows the order in docs/your-own-api.md, with one instance of each. An API checks the newest token all the time. */
test("a rotation of the signing key makes no API refuse a token", async ({ ownServers, afterTest }) => {
  test.setTimeout(120_000)
  let keys: readonly PrivateKey[] = [newKey()]
  const kratos = (): Record<string, string> => ({
    SESSION_WHOAMI_TOKENIZER_TEMPLATES: tokenizerTemplates(keys).replace('"ttl":"5m"', `"ttl":"${SECONDS}s"`),
  })
  const servers = await ownServers({ kratos: kratos() })
  const user = await createUser(servers)
  const [port] = await freePorts()
  const appUrl = `http://localhost:${port}`
  let stopApp: (() => Promise<void>) | undefined
  afterTest(() => stopApp?.())
  const publish = async (): Promise<void> => {
    await stopApp?.()
    stopApp = await startApp(port, {
      ORY_SDK_URL: servers.oryUrl,
      APP_URL: appUrl,
      SESSION_TOKEN_JWKS: publicKeys(keys),
    })
  }
  const step = (name: string): void => {
    keys = rotated(name, Buffer.from(JSON.stringify({ keys })).toString("base64"))
  }
  const newToken = async (): Promise<string | undefined> => {
    const response = await fetch(`${servers.kratosUrl}/sessions/whoami?tokenize_as=api`, {
      headers: { cookie: user.cookie },
    }).catch(() => undefined)
    return response?.ok ? ((await response.json()) as { tokenized: string }).tokenized : undefined
  }

  await publish()
  const jwks = createRemoteJWKSet(new URL(appUrl + paths.jwks), {
    cacheMaxAge: Infinity,
    cooldownDuration: 60_000,
  })
  // While the app restarts, the last keys stay in use.
  const refresh = setInterval(
    () => {
      jwks.reload().catch(() => undefined)
    },
    (SECONDS * 1000) / 2,
  )
  afterTest(() => {
    clearInterval(refresh)
  })
  const used = new Set<string | undefined>()
  const refused: string[] = []
  let checks = 0
  const over = new AbortController()
  const api = (async () => {
    let token = await newToken()
    while (!over.signal.aborted) {
      // While Kratos restarts, clients keep the token that they have until it expires.
      token = (await newToken()) ?? token
      await jwtVerify(token ?? "", jwks, { algorithms: ["ES256"], audience: "api", clockTolerance: SECONDS }).catch(
        (error: unknown) => refused.push(String(error)),
      )
      used.add(decodeProtectedHeader(token ?? "").kid)
      checks++
      await sleep(100)
    }
  })()
  await sleep(1000)
  const [old] = keys

  step("append")
  await publish()
  await sleep(SECONDS * 1000)
  step("use")
  await servers.ory.stopKratos()
  await servers.ory.startKratos(kratos())
  await sleep(SECONDS * 1000)
  step("remove")
  await servers.ory.stopKratos()
  await servers.ory.startKratos(kratos())
  await publish()
  await sleep(SECONDS * 1000)

  over.abort()
  await api
  expect(refused).toEqual([])
  expect(checks).toBeGreaterThan(50)
  expect([...used]).toEqual([old?.kid, keys[0]?.kid])
  const published = (await (await fetch(appUrl + paths.jwks)).json()) as { keys: { kid: string }[] }
  expect(published.keys.map(({ kid }) => kid)).toEqual([keys[0]?.kid])
})

test("without SESSION_TOKEN_JWKS, the app has no keys and makes no token", async ({ ownServers }) => {
  const servers = await ownServers({ app: { SESSION_TOKEN_JWKS: "" } })
  const { appUrl } = servers
  const { cookie } = await createUser(servers)
  expect((await fetch(appUrl + paths.jwks)).status).toBe(404)
  const response = await fetch(appUrl + paths.tokenApi, { method: "POST", headers: { origin: appUrl, cookie } })
  expect([response.status, await response.json()]).toMatchObject([404, { error: { code: "not_configured" } }])
})

test("a token costs one call to Ory besides the session check, and the next one none", async ({ ownServers }) => {
  const servers = await ownServers()
  const { cookie } = await createUser(servers)
  const calls = async (): Promise<number> => {
    servers.relay.seen.length = 0
    const headers = { origin: servers.appUrl, cookie }
    expect((await fetch(servers.appUrl + paths.tokenApi, { method: "POST", headers })).status).toBe(200)
    return servers.relay.seen.filter((line) => line.startsWith("GET /sessions/whoami")).length
  }
  expect([await calls(), await calls()]).toEqual([2, 1])
})
