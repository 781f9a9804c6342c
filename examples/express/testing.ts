/** Helpers for tests against a real Ory: users with sessions, tokens, and a proxy that records requests and simulates outages. */

import assert from "node:assert/strict"
import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { createServer, request, type RequestListener, type ServerResponse } from "node:http"
import type { TestContext } from "node:test"
import type { Express } from "express"
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT, type CryptoKey, type JWK } from "jose"
import { pino, type Logger } from "pino"
import { createApp } from "./app.ts"
import type { Config, Sliding } from "./config.ts"

/** The app's origin for browsers, whatever port the test uses. Local Ory allows it in `return_to`. */
export const appUrl = "http://localhost:3001"

export const page = { accept: "text/html,application/xhtml+xml,*/*;q=0.8", "sec-fetch-dest": "document" }
export const api = { accept: "application/json" }

export const oryUrl = required("TEST_ORY_URL")
const adminUrl = required("TEST_ORY_ADMIN_URL")

/** Traits besides the email address that Ory's identity schema requires. */
const requiredTraits = JSON.parse(process.env.TEST_TRAITS ?? "{}") as Record<string, unknown>

function required(name: string): string {
  const value = process.env[name]
  if (!value)
    throw new Error(`${name} is not set. Run npm test in the project's root, which starts Ory for these tests.`)
  return value
}

/** Settings of an app under test. Nothing listens on the default ports. */
export function testConfig(settings: Partial<Config> = {}): Config {
  return {
    port: 0,
    appUrl,
    oryUrl: "http://localhost:9",
    webUrl: "http://localhost:9",
    sessionCookie: undefined,
    sliding: undefined,
    ...settings,
  }
}

/** A response, with the names of its headers in lower case. */
export interface Answer {
  status: number
  headers: Headers
  body: string
}

/** Header lines. A name with several values is sent several times. */
type HeaderLines = Record<string, string | string[]>

/** Sends one request exactly as given. It follows no redirect. */
export function send(url: string, headers: HeaderLines = {}, method = "GET"): Promise<Answer> {
  return new Promise((done, fail) => {
    const outgoing = request(url, { method, headers }, (incoming) => {
      let body = ""
      incoming.setEncoding("utf8")
      incoming.on("data", (text: string) => (body += text))
      incoming.on("error", fail)
      incoming.on("end", () => {
        const lines = Object.entries(incoming.headersDistinct).flatMap(([name, values = []]) =>
          values.map((value): [string, string] => [name, value]),
        )
        done({ status: incoming.statusCode ?? 0, headers: new Headers(lines), body })
      })
    })
    outgoing.on("error", fail)
    outgoing.end()
  })
}

export interface Setup {
  url: string
  send: (path: string, headers?: HeaderLines, method?: string) => Promise<Answer>
  relay: Relay
  issuer: Issuer
  log: string[]
}

/** Starts an app behind a relay. After the test it checks that the log holds no cookies and no tokens. */
export async function start(
  t: TestContext,
  create: (config: Config, log: Logger) => Express = createApp,
  settings: Partial<Config> = {},
): Promise<Setup> {
  const [relay, issuer] = [new Relay(), new Issuer()]
  await Promise.all([relay.start(), issuer.start()])
  const lines: string[] = []
  const log = pino({ level: "trace" }, { write: (line) => lines.push(line) })
  const app = await listen(create(testConfig({ oryUrl: relay.url, webUrl: issuer.url, ...settings }), log))
  const tokens: string[] = []
  t.after(async () => {
    await Promise.all([app.stop(), relay.stop(), issuer.stop()])
    const cookies = relay.cookies.flatMap((cookie) => cookie?.split("=", 2)[1] ?? [])
    for (const secret of ["ory_kratos_session", ...cookies, ...tokens])
      assert.ok(!lines.join("").includes(secret), `${secret} is in the log`)
  })
  return {
    url: app.url,
    relay,
    issuer,
    log: lines,
    send: (path, headers = page, method = "GET") => {
      tokens.push(
        ...[headers.authorization ?? []]
          .flat()
          .flatMap((value) => value.split(/[ ,]+/).filter((part) => part.length > 40)),
      )
      return send(
        app.url + path,
        { ...(method !== "GET" && method !== "HEAD" && { origin: appUrl }), ...headers },
        method,
      )
    },
  }
}

const HOUR = 3_600_000

export const ADMIN_TOKEN = "secret-token"
export const RENEWED = "ory_kratos_session=renewed; Path=/"

export interface Extending extends Setup {
  user: User
  /** Method, path and Authorization header of each request to the admin API. */
  extensions: string[]
  admin: { url: string; stop: () => Promise<void> }
}

/** Starts an app whose user has a session that ends in an hour, until the admin API extends it. */
export async function startExtending(
  t: TestContext,
  {
    respond = (_, response) => response.writeHead(204).end(),
    ...sliding
  }: Partial<Sliding> & { respond?: RequestListener } = {},
): Promise<Extending> {
  const user = await createSignedInUser()
  const extensions: string[] = []
  const admin = await listen((request, response) => {
    extensions.push(`${request.method} ${request.url} ${request.headers.authorization}`)
    respond(request, response)
  })
  t.after(admin.stop)
  const setup = await start(t, createApp, {
    sliding: { adminUrl: admin.url, token: ADMIN_TOKEN, extendBelow: 2 * HOUR, maxAge: 2160 * HOUR, ...sliding },
  })
  t.after(() => {
    assert.ok(!setup.log.join("").includes(ADMIN_TOKEN), "the token is in the log")
  })
  const soon = Date.now() + HOUR
  setup.relay.respond = ({ status, body }, outgoing) => {
    const end = extensions.length === 0 ? soon : soon + 720 * HOUR
    if (extensions.length > 0) outgoing.setHeader("set-cookie", RENEWED)
    const session = { ...(JSON.parse(body) as object), expires_at: new Date(end).toISOString() }
    pass({ status, body: JSON.stringify(session) }, outgoing)
  }
  return { ...setup, user, extensions, admin }
}

/** A user with an account and a session. */
export interface User {
  email: string
  password: string
  /** The Cookie header that the user's browser sends. */
  cookie: string
  sessionId: string
}

/** Creates an account with the admin API and signs in. */
export async function createSignedInUser(): Promise<User> {
  const email = `${randomUUID()}@example.com`
  const password = `${randomUUID()} is long`
  await call(`${adminUrl}/admin/identities`, {
    body: {
      schema_id: "default",
      traits: { ...requiredTraits, email },
      credentials: { password: { config: { password } } },
    },
  })
  return signIn({ email, password }, `${oryUrl}/self-service/login/browser`)
}

/** Signs in with the login flow that `url` starts. `cookie`: the session to refresh, if any. */
export async function signIn(
  { email, password }: Pick<User, "email" | "password">,
  url: string,
  cookie = "",
): Promise<User> {
  const post = await startFlow(url, cookie)
  const done = await post({ method: "password", identifier: email, password })
  const { session } = (await done.json()) as { session: { id: string } }
  return { email, password, cookie: cookiePairs(done), sessionId: session.id }
}

/** Adds backup codes to an account. Ory then requires a second factor. */
export async function enrolSecondFactor({ cookie }: User): Promise<void> {
  const post = await startFlow(`${oryUrl}/self-service/settings/browser`, cookie)
  await post({ method: "lookup_secret", lookup_secret_regenerate: true })
  await post({ method: "lookup_secret", lookup_secret_confirm: true })
}

/** Revokes a session with the admin API. */
export async function revoke({ sessionId }: User): Promise<void> {
  await call(`${adminUrl}/admin/sessions/${sessionId}`, { method: "DELETE" })
}

/** Starts a self-service flow as a browser does. Returns a function that submits its form. */
async function startFlow(url: string, cookie: string): Promise<(fields: Record<string, unknown>) => Promise<Response>> {
  const started = await call(url, { cookie })
  const { ui } = (await started.json()) as {
    ui: { action: string; nodes: { attributes: { name?: string; value?: unknown } }[] }
  }
  const csrf = ui.nodes.find(({ attributes }) => attributes.name === "csrf_token")?.attributes.value
  const jar = [cookie, cookiePairs(started)].filter((part) => part !== "").join("; ")
  return (fields) => call(ui.action, { cookie: jar, body: { csrf_token: csrf, ...fields } })
}

async function call(url: string, request: { cookie?: string; method?: string; body?: unknown }): Promise<Response> {
  const { cookie = "", body, method = body === undefined ? "GET" : "POST" } = request
  const response = await fetch(url, {
    method,
    headers: { accept: "application/json", "content-type": "application/json", ...(cookie && { cookie }) },
    body: body === undefined ? null : JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${url} responded with ${response.status}: ${await response.text()}`)
  return response
}

/** `name=value` of every cookie that a response sets. Deleted cookies are left out. */
function cookiePairs(response: Response): string {
  return response.headers
    .getSetCookie()
    .filter((cookie) => !/max-age=0/i.test(cookie))
    .map((cookie) => cookie.split(";", 1)[0])
    .join("; ")
}

/** Ory's response to a whoami request. */
export interface OryResponse {
  status: number
  body: string
}

/** Responds to the app in place of Ory. `real` is Ory's own response. */
export type Respond = (real: OryResponse, outgoing: ServerResponse) => unknown

/** Passes Ory's own response on. */
export const pass: Respond = ({ status, body }, outgoing) =>
  outgoing.writeHead(status, { "content-type": "application/json" }).end(body)

/** A proxy between the app and a real Ory. It records each request, and can replace the response. */
export class Relay {
  /** The Cookie header of each whoami request. */
  readonly cookies: (string | undefined)[] = []
  respond = pass
  url = ""
  stop = (): Promise<void> => Promise.resolve()

  async start(): Promise<void> {
    const { url, stop } = await listen((incoming, outgoing) => {
      const { cookie } = incoming.headers
      this.cookies.push(cookie)
      void fetch(oryUrl + (incoming.url ?? "/"), { headers: cookie === undefined ? {} : { cookie } }).then(
        async (real) => this.respond({ status: real.status, body: await real.text() }, outgoing),
      )
    })
    this.url = url
    this.stop = stop
  }
}

/** Listens on a free port. */
export async function listen(handler: RequestListener): Promise<{ url: string; stop: () => Promise<void> }> {
  const server = createServer(handler).listen(0, "localhost")
  await once(server, "listening")
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("The server does not listen on a port.")
  return {
    url: `http://localhost:${address.port}`,
    stop: async () => {
      if (!server.listening) return
      server.close()
      server.closeAllConnections()
      await once(server, "close")
    },
  }
}

/** What a test changes about a valid token. */
export interface TokenChanges {
  /** Values of claims. `null` removes a claim. For exp and nbf, "+60" means 60 seconds from now. */
  claims?: Record<string, string | null>
  /** `null`: none. */
  kid?: string | null
  /** Who signs it. `other`: a key that is not published, under the name of the one that is. */
  key?: "published" | "other" | "public key" | "none" | "changed payload"
}

/** Stands in for the web app, which serves the public keys, and makes tokens as Ory does. */
export class Issuer {
  /** How often the keys were fetched. */
  fetches = 0
  respond: RequestListener = (_request, response) => {
    response.writeHead(200, { "content-type": "application/json" })
    response.end(JSON.stringify({ keys: this.keys.map(({ jwk }) => jwk) }))
  }
  url = ""
  stop = (): Promise<void> => Promise.resolve()
  private keys: { privateKey: CryptoKey; publicKey: CryptoKey; jwk: JWK }[] = []

  async start(): Promise<void> {
    await this.rotate()
    const { url, stop } = await listen((request, response) => {
      assert.equal(request.url, "/.well-known/jwks.json")
      this.fetches++
      this.respond(request, response)
    })
    this.url = url
    this.stop = stop
  }

  /** Adds a key, which signs from now on. `keep`: how many of the older ones are still published. */
  async rotate({ keep = 0 } = {}): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair("ES256")
    const jwk = { ...(await exportJWK(publicKey)), kid: randomUUID(), alg: "ES256", use: "sig" }
    this.keys = [{ privateKey, publicKey, jwk }, ...this.keys.slice(0, keep)]
  }

  /** Makes a token of this email address. */
  async token(email: string, issuer: string, { claims = {}, kid, key }: TokenChanges = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000)
    const all: Record<string, unknown> = {
      iss: `${issuer}/`,
      aud: "api",
      sub: randomUUID(),
      sid: randomUUID(),
      jti: randomUUID(),
      iat: now,
      nbf: now,
      exp: now + 300,
      aal: "aal1",
      email_verified: true,
      email,
    }
    for (const [name, value] of Object.entries(claims))
      all[name] = /^[+-]\d+$/.test(value ?? "") ? now + Number(value) : (value ?? undefined)

    const [first] = this.keys
    assert.ok(first)
    const header = { typ: "JWT", ...(kid !== null && { kid: kid ?? first.jwk.kid ?? "" }) }
    const sign = (by: CryptoKey | Uint8Array, alg = "ES256"): Promise<string> =>
      new SignJWT(all).setProtectedHeader({ ...header, alg }).sign(by)
    if (key === "none") return new UnsecuredJWT(all).encode()
    if (key === "other") return sign((await generateKeyPair("ES256")).privateKey)
    if (key === "public key") return sign(new TextEncoder().encode(await exportSPKI(first.publicKey)), "HS256")
    const token = await sign(first.privateKey)
    if (key !== "changed payload") return token
    const payload = Buffer.from(JSON.stringify({ ...all, role: "admin" })).toString("base64url")
    return token.replace(/\..*\./, `.${payload}.`)
  }
}
