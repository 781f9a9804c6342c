import { randomUUID } from "node:crypto"
import { request, type Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http"
import { request as requestTls } from "node:https"
import { requiredTraits } from "../ory/required-traits"
import type { Servers } from "./servers"
import { setting } from "./settings"

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

export interface SendOptions {
  method?: string
  headers?: OutgoingHttpHeaders
  body?: string
  /** Reuses connections. */
  agent?: Agent
}

/** Sends one request exactly as given. It normalises no path, follows no redirect and adds no header. */
export function send(
  origin: string,
  path: string,
  { method = "GET", headers = {}, body, agent }: SendOptions = {},
): Promise<Answer> {
  return new Promise((done, fail) => {
    const { hostname, port, protocol } = new URL(origin)
    const outgoing = (protocol === "https:" ? requestTls : request)(
      { host: hostname, port, path, method, headers, agent },
      (incoming) => {
        const chunks: Buffer[] = []
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk))
        incoming.on("error", fail)
        incoming.on("end", () => {
          done({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body: Buffer.concat(chunks).toString("latin1"),
          })
        })
      },
    )
    outgoing.on("error", fail)
    outgoing.end(body)
  })
}

/** Major version of the running Kratos: 1 or 26. Where the two behave differently, tests assert the behaviour of each. */
export async function kratosMajor(adminUrl: string): Promise<number> {
  const { version } = (await (await fetch(`${adminUrl}/admin/version`)).json()) as { version: string }
  const major = /^v(\d+)\./.exec(version)?.[1]
  if (major === undefined) throw new Error(`Kratos reports the version "${version}". Expected one like "v26.2.0".`)
  return Number(major)
}

/** The headers of a browser that loads a page. */
export const PAGE_LOAD = { accept: "text/html", "sec-fetch-dest": "document", "sec-fetch-mode": "navigate" }

/** The address and password of a user. */
export interface Account {
  email: string
  password: string
}

/** An account with a session. `cookie` is the header that a browser would send to the app and to Ory. */
export interface SignedIn extends Account {
  cookie: string
  identityId: string
  sessionId: string
}

/** An account that no other test uses. It does not exist in Ory yet. */
export function randomAccount(): Account {
  return { email: `${randomUUID()}@example.com`, password: `${randomUUID()} is long` }
}

/** Creates this account by the admin API. Returns the identity's id. */
export async function createIdentity(
  adminUrl: string,
  { email, password }: Account,
  { verified = true } = {},
): Promise<string> {
  const response = await fetch(`${adminUrl}/admin/identities`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      schema_id: "default",
      traits: { ...requiredTraits, email },
      credentials: { password: { config: { password } } },
      ...(verified && { verifiable_addresses: [{ value: email, via: "email", verified, status: "completed" }] }),
    }),
  })
  if (response.status !== 201)
    throw new Error(
      `Ory refused a test account (${response.status}). Add a value for each required trait of ory/identity.schema.json to ory/required-traits.ts. Ory's response: ${await response.text()}`,
    )
  return ((await response.json()) as { id: string }).id
}

/** Creates an account by the admin API and signs in by Ory's own login flow, without a browser. */
export async function signedIn(oryUrl: string, adminUrl: string, { verified = true } = {}): Promise<SignedIn> {
  const account = randomAccount()
  const identityId = await createIdentity(adminUrl, account, { verified })
  const started = await fetch(`${oryUrl}/self-service/login/browser`, { headers: { accept: "application/json" } })
  const flow = (await started.json()) as {
    ui: { action: string; nodes: { attributes: { name?: string; value?: string } }[] }
  }
  const csrf = flow.ui.nodes.find(({ attributes }) => attributes.name === "csrf_token")?.attributes.value
  const { pathname, search } = new URL(flow.ui.action)
  const response = await fetch(oryUrl + pathname + search, {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/json", cookie: pairs(started) },
    body: JSON.stringify({
      method: "password",
      identifier: account.email,
      password: account.password,
      csrf_token: csrf,
    }),
  })
  if (response.status !== 200)
    throw new Error(`Ory responded with ${response.status} to the sign-in of a test account: ${await response.text()}`)
  const { session } = (await response.json()) as { session: { id: string } }
  return { ...account, identityId, sessionId: session.id, cookie: pairs(response) }
}

/**
 * Creates a user with a session at these servers. The default is the servers of this worker. Create several one after the other: with
 * SQLite, Kratos sometimes responds with 500 to sign-ins at the same time ("database is locked").
 */
export function createUser(servers?: Servers): Promise<SignedIn> {
  return servers === undefined
    ? signedIn(setting("ORY_URL"), setting("ORY_ADMIN_URL"))
    : signedIn(servers.kratosUrl, servers.ory.adminUrl)
}

/** Sets the user's role by the admin API. Undefined removes it. */
export async function setRole(
  identityId: string,
  role: string | undefined,
  adminUrl = setting("ORY_ADMIN_URL"),
): Promise<void> {
  const response = await fetch(`${adminUrl}/admin/identities/${identityId}`, {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: JSON.stringify([{ op: "add", path: "/metadata_public", value: { role } }]),
  })
  if (response.status !== 200) throw new Error(`Ory responded with ${response.status}: ${await response.text()}`)
}

/** Ends a session by the admin API, as when a user signs it out on another device. */
export async function revokeSession(sessionId: string, adminUrl = setting("ORY_ADMIN_URL")): Promise<void> {
  const { status } = await fetch(`${adminUrl}/admin/sessions/${sessionId}`, { method: "DELETE" })
  if (status !== 204)
    throw new Error(`Ory responded with ${status} when session ${sessionId} was revoked. Expected 204.`)
}

/** Extends a session by the admin API. Ory then renews the session cookie with its next response. */
export async function extendSession(sessionId: string, adminUrl: string): Promise<void> {
  const { ok, status } = await fetch(`${adminUrl}/admin/sessions/${sessionId}/extend`, { method: "PATCH" })
  if (!ok) throw new Error(`Ory responded with ${status} when session ${sessionId} was extended.`)
}

/** The cookies of this user, for a browser context. */
export function browserCookies({ cookie }: SignedIn, url: string): { name: string; value: string; url: string }[] {
  return cookie.split("; ").map((pair) => {
    const end = pair.indexOf("=")
    return { name: pair.slice(0, end), value: pair.slice(end + 1), url }
  })
}

/** `name=value` of every cookie that a response sets and does not delete. */
export function pairs(response: Response): string {
  return response.headers
    .getSetCookie()
    .filter((cookie) => !/max-age=0/i.test(cookie))
    .map((cookie) => cookie.split(";", 1)[0])
    .join("; ")
}
