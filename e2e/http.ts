import { randomUUID } from "node:crypto"
import { request, type Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http"
import type { Person } from "./fixtures"

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

export interface SendOptions {
  method?: string
  headers?: OutgoingHttpHeaders
  body?: string
  /** Keeps connections open for further requests. */
  agent?: Agent
}

/** One request exactly as given: no path is tidied up, no redirect followed, no header added. */
export function send(
  origin: string,
  path: string,
  { method = "GET", headers = {}, body, agent }: SendOptions = {},
): Promise<Answer> {
  return new Promise((done, fail) => {
    const { hostname, port } = new URL(origin)
    const outgoing = request({ host: hostname, port, path, method, headers, agent }, (incoming) => {
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
    })
    outgoing.on("error", fail)
    outgoing.end(body)
  })
}

/** Major version of the Kratos that runs: 1 or 26. Where their behaviour differs, tests assert what each does. */
export async function kratosMajor(adminUrl: string): Promise<number> {
  const { version } = (await (await fetch(`${adminUrl}/admin/version`)).json()) as { version: string }
  const major = /^v(\d+)\./.exec(version)?.[1]
  if (major === undefined) throw new Error(`Kratos says that its version is "${version}".`)
  return Number(major)
}

/** What a browser sends when it is about to show a page. */
export const PAGE_LOAD = { accept: "text/html", "sec-fetch-dest": "document", "sec-fetch-mode": "navigate" }

/** Someone with a session, made without a browser. `cookie` is what a browser would send to app and Ory. */
export interface SignedIn extends Person {
  cookie: string
  identityId: string
  sessionId: string
}

/** Creates an account by the admin API and signs in to it by Ory's own login flow. */
export async function signedIn(oryUrl: string, adminUrl: string): Promise<SignedIn> {
  const person = { email: `${randomUUID()}@example.com`, password: `${randomUUID()} is long` }
  const created = await fetch(`${adminUrl}/admin/identities`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      schema_id: "default",
      traits: { email: person.email },
      credentials: { password: { config: { password: person.password } } },
      verifiable_addresses: [{ value: person.email, via: "email", verified: true, status: "completed" }],
    }),
  })
  const { id: identityId } = (await created.json()) as { id: string }

  const begun = await fetch(`${oryUrl}/self-service/login/browser`, { headers: { accept: "application/json" } })
  const flow = (await begun.json()) as {
    ui: { action: string; nodes: { attributes: { name?: string; value?: string } }[] }
  }
  const csrf = flow.ui.nodes.find(({ attributes }) => attributes.name === "csrf_token")?.attributes.value
  const csrfCookie = pairs(begun)
  const { pathname, search } = new URL(flow.ui.action)
  const done = await fetch(oryUrl + pathname + search, {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/json", cookie: csrfCookie },
    body: JSON.stringify({ method: "password", identifier: person.email, password: person.password, csrf_token: csrf }),
  })
  if (done.status !== 200) throw new Error(`signing in answered ${done.status}: ${await done.text()}`)
  const { session } = (await done.json()) as { session: { id: string } }
  return { ...person, identityId, sessionId: session.id, cookie: pairs(done) }
}

/** The same cookies for a browser's context. */
export function browserCookies({ cookie }: SignedIn, url: string): { name: string; value: string; url: string }[] {
  return cookie.split("; ").map((pair) => {
    const end = pair.indexOf("=")
    return { name: pair.slice(0, end), value: pair.slice(end + 1), url }
  })
}

/** `name=value` of every cookie that an answer sets and does not take away. */
export function pairs(response: Response): string {
  return response.headers
    .getSetCookie()
    .filter((cookie) => !/max-age=0/i.test(cookie))
    .map((cookie) => cookie.split(";", 1)[0])
    .join("; ")
}
