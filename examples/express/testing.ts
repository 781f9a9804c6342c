/** Helpers for tests against a real Ory: users with sessions, and a proxy that records requests and simulates outages. */

import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { createServer, type RequestListener, type ServerResponse } from "node:http"

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
