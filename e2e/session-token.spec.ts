import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from "jose"
import { paths } from "../lib/routes"
import { expect, test } from "./fixtures"
import { createIdentity, PAGE_LOAD, randomAccount, revokeSession, send, setRole, type Account } from "./http"
import { setting } from "./settings"

/** Tokens of a session: those that this app makes for your own API, and those that Ory gives to native clients. */

interface Made {
  token: string
  expiresAt: string
}

/** The claims of a token, checked as an API does it. */
async function claimsOf(token: string): Promise<Record<string, unknown>> {
  const response = await fetch(setting("APP_URL") + paths.jwks)
  expect([response.status, response.headers.get("cache-control")]).toEqual([200, "public, max-age=300"])
  const keys = (await response.json()) as JSONWebKeySet
  expect(keys.keys.map((key) => Object.keys(key).sort())).toEqual([["alg", "crv", "kid", "kty", "use", "x", "y"]])
  const { payload } = await jwtVerify(token, createLocalJWKSet(keys), { algorithms: ["ES256"], audience: "api" })
  return payload
}

test("client code gets a token with the claims of its session, and again the same one", async ({
  signedInPage,
  user,
}) => {
  await setRole(user.identityId, "admin")
  await signedInPage.goto(paths.dashboard)
  const request = (): Promise<Made> =>
    signedInPage.evaluate(
      async (path) => (await fetch(path, { method: "POST" })).json() as Promise<Made>,
      paths.tokenApi,
    )
  const made = await request()
  const claims = await claimsOf(made.token)
  expect(claims).toMatchObject({
    iss: `${setting("ORY_URL")}/`,
    aud: "api",
    sub: user.identityId,
    sid: user.sessionId,
    email: user.email,
    email_verified: true,
    role: "admin",
    aal: "aal1",
  })
  expect(Number(claims.exp) - Number(claims.iat)).toBe(300)
  expect(Date.parse(made.expiresAt)).toBe(Number(claims.exp) * 1000)
  expect(await request()).toEqual(made)

  await setRole(user.identityId, undefined)
  expect(await claimsOf((await request()).token)).not.toHaveProperty("role")
})

test("other sites, visitors and revoked sessions get no token", async ({ user }) => {
  const post = async (headers: Record<string, string>): Promise<unknown[]> => {
    const {
      status,
      body,
      headers: answer,
    } = await send(setting("APP_URL"), paths.tokenApi, { method: "POST", headers })
    return [status, (JSON.parse(body) as { error?: { code: string } }).error?.code, answer["cache-control"]]
  }
  const { cookie } = user
  const origin = setting("APP_URL")
  expect(await post({ cookie, origin })).toEqual([200, undefined, "private, no-store"])
  expect(await post({ cookie })).toEqual([403, "cross_site_request", "private, no-store"])
  expect(await post({ cookie, origin: "https://evil.example" })).toEqual([
    403,
    "cross_site_request",
    "private, no-store",
  ])
  expect(await post({ origin })).toEqual([401, "unauthenticated", "private, no-store"])
  expect((await send(origin, paths.tokenApi, { headers: { cookie } })).status).toBe(405)
  await revokeSession(user.sessionId)
  expect(await post({ cookie, origin })).toEqual([401, "unauthenticated", "private, no-store"])
})

/** Signs in as a native app does, and returns its session token. */
async function nativeSignIn({ email, password }: Account): Promise<string> {
  const started = await fetch(`${setting("ORY_URL")}/self-service/login/api`)
  const { ui } = (await started.json()) as { ui: { action: string } }
  const response = await fetch(ui.action, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ method: "password", identifier: email, password }),
  })
  return ((await response.json()) as { session_token: string }).session_token
}

test("a native client uses the API with its session token, and gets no cookie", async () => {
  const account = randomAccount()
  await createIdentity(setting("ORY_ADMIN_URL"), account)
  const token = await nativeSignIn(account)
  const origin = setting("APP_URL")

  const me = await send(origin, paths.meApi, { headers: { "x-session-token": token } })
  expect([me.status, me.headers["set-cookie"], me.headers["cache-control"]]).toEqual([
    200,
    undefined,
    "private, no-store",
  ])
  expect(me.body).toContain(account.email)

  // No site can make a browser send this header, so the request needs no `Origin`.
  const made = await send(origin, paths.tokenApi, { method: "POST", headers: { "x-session-token": token } })
  expect(made.status).toBe(200)
  expect(await claimsOf((JSON.parse(made.body) as Made).token)).toMatchObject({ email: account.email })

  await test.step("pages ignore the token", async () => {
    const page = await send(origin, paths.dashboard, { headers: { ...PAGE_LOAD, "x-session-token": token } })
    expect([page.status, page.body.includes(account.email)]).toEqual([303, false])
  })
  await test.step("malformed and unknown tokens are refused", async () => {
    for (const value of [
      "",
      " ",
      `${token}, ${token}`,
      `${token} `.repeat(2),
      "ö",
      "x".repeat(2000),
      "ory_st_unknown",
    ]) {
      const { status } = await send(origin, paths.meApi, {
        headers: { "x-session-token": Buffer.from(value).toString("latin1") },
      })
      expect([value, status]).toEqual([value, 401])
    }
    const twice = await send(origin, paths.meApi, { headers: { "x-session-token": [token, token] } })
    expect(twice.status).toBe(401)
  })
  await test.step("a signed-out client is refused", async () => {
    await fetch(`${setting("ORY_URL")}/self-service/logout/api`, {
      method: "DELETE",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ session_token: token }),
    })
    expect((await send(origin, paths.meApi, { headers: { "x-session-token": token } })).status).toBe(401)
  })
})

test("a session cookie wins over a session token", async ({ user }) => {
  const other = randomAccount()
  await createIdentity(setting("ORY_ADMIN_URL"), other)
  const token = await nativeSignIn(other)
  const origin = setting("APP_URL")
  const headers = { cookie: user.cookie, "x-session-token": token }
  const me = await send(origin, paths.meApi, { headers })
  expect([me.status, me.body.includes(user.email), me.body.includes(other.email)]).toEqual([200, true, false])
  // A browser that sends a token too is still a browser.
  expect((await send(origin, paths.tokenApi, { method: "POST", headers })).status).toBe(403)

  const invalid = { cookie: "ory_kratos_session=made-up", "x-session-token": token }
  expect((await send(origin, paths.meApi, { headers: invalid })).status).toBe(401)
})
