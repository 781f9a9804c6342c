/** What the tests need of a real Ory: people with sessions, and a relay in front of it that counts and, when told to, lies. */

import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { createServer, type RequestListener, type ServerResponse } from "node:http"

export const oryUrl = required("TEST_ORY_URL")
const adminUrl = required("TEST_ORY_ADMIN_URL")

function required(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set. Run npm test at the project's root: it starts Ory for these tests.`)
  return value
}

/** Someone with an account and a session. */
export interface Person {
  email: string
  password: string
  /** What their browser sends to Ory and to every app beside it. */
  cookie: string
  sessionId: string
}

/** Creates an account by the admin API and signs in to it. */
export async function signedIn(traits: { name?: { first: string } } = {}): Promise<Person> {
  const email = `${randomUUID()}@example.com`
  const password = `${randomUUID()} is long`
  await call(`${adminUrl}/admin/identities`, {
    body: { schema_id: "default", traits: { ...traits, email }, credentials: { password: { config: { password } } } },
  })
  return signIn({ email, password }, `${oryUrl}/self-service/login/browser`)
}

/** Signs in by the login flow that `url` begins. `cookie`: of the session to refresh. */
export async function signIn(
  { email, password }: Pick<Person, "email" | "password">,
  url: string,
  cookie = "",
): Promise<Person> {
  const post = await begin(url, cookie)
  const done = await post({ method: "password", identifier: email, password })
  const { session } = (await done.json()) as { session: { id: string } }
  return { email, password, cookie: pairs(done), sessionId: session.id }
}

/** Gives someone backup codes: from then on their session is not enough without a second factor. */
export async function enrolSecondFactor({ cookie }: Person): Promise<void> {
  const post = await begin(`${oryUrl}/self-service/settings/browser`, cookie)
  await post({ method: "lookup_secret", lookup_secret_regenerate: true })
  await post({ method: "lookup_secret", lookup_secret_confirm: true })
}

/** Ends a session as an administrator does. */
export async function revoke({ sessionId }: Person): Promise<void> {
  await call(`${adminUrl}/admin/sessions/${sessionId}`, { method: "DELETE" })
}

/** Begins a self-service flow as a browser does. Returns what posts its form. */
async function begin(url: string, cookie: string): Promise<(fields: Record<string, unknown>) => Promise<Response>> {
  const begun = await call(url, { cookie })
  const { ui } = (await begun.json()) as {
    ui: { action: string; nodes: { attributes: { name?: string; value?: unknown } }[] }
  }
  const csrf = ui.nodes.find(({ attributes }) => attributes.name === "csrf_token")?.attributes.value
  const jar = [cookie, pairs(begun)].filter((part) => part !== "").join("; ")
  return (fields) => call(ui.action, { cookie: jar, body: { csrf_token: csrf, ...fields } })
}

async function call(url: string, request: { cookie?: string; method?: string; body?: unknown }): Promise<Response> {
  const { cookie = "", body, method = body === undefined ? "GET" : "POST" } = request
  const response = await fetch(url, {
    method,
    headers: { accept: "application/json", "content-type": "application/json", ...(cookie && { cookie }) },
    body: body === undefined ? null : JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`)
  return response
}

/** `name=value` of every cookie that an answer sets and does not take away. */
function pairs(response: Response): string {
  return response.headers
    .getSetCookie()
    .filter((cookie) => !/max-age=0/i.test(cookie))
    .map((cookie) => cookie.split(";", 1)[0])
    .join("; ")
}

/** What Ory itself answered to a whoami. */
export interface RealAnswer {
  status: number
  body: string
}

/** Stands between the app and a real Ory, asks it everything, and passes its answers on unless told to say something else. */
export class Relay {
  /** The Cookie header of each whoami so far. */
  readonly cookies: (string | undefined)[] = []
  /** Answers in place of Ory. */
  answer = ({ status, body }: RealAnswer, outgoing: ServerResponse): void => {
    outgoing.writeHead(status, { "content-type": "application/json" }).end(body)
  }
  url = ""
  stop = (): Promise<void> => Promise.resolve()

  async start(): Promise<void> {
    const { url, stop } = await listen((incoming, outgoing) => {
      const { cookie } = incoming.headers
      this.cookies.push(cookie)
      void fetch(oryUrl + (incoming.url ?? "/"), { headers: cookie === undefined ? {} : { cookie } }).then(
        async (real) => {
          this.answer({ status: real.status, body: await real.text() }, outgoing)
        },
      )
    })
    this.url = url
    this.stop = stop
  }
}

/** Listens on a free port of the system's choice. */
export async function listen(handler: RequestListener): Promise<{ url: string; stop: () => Promise<void> }> {
  const server = createServer(handler).listen(0, "localhost")
  await once(server, "listening")
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("not listening on a port")
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
