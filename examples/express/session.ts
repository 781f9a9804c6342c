import { Configuration, FrontendApi, type Session as OrySession } from "@ory/client"
import type { Request, RequestHandler, Response } from "express"
import type { Logger } from "pino"
import type { Config } from "./config.ts"
import { loginUrl, returnToPage } from "./return-to.ts"

/** How long Ory may take to answer, in milliseconds. Later than that counts as no answer. */
const TIME_LIMIT = 3000

/** Seconds after which to try again while Ory does not answer. */
const RETRY_SECONDS = 5

/** What Ory's `toSession` returned, with what an active session always has. https://www.ory.com/docs/reference/api#tag/frontend/operation/toSession */
export type Session = OrySession & Required<Pick<OrySession, "authenticated_at" | "expires_at" | "identity">>

/** What is known of a request's session. `unavailable` is never a reason to let someone in, or to sign them out. */
type Verdict =
  | { outcome: "active"; session: Session }
  | { outcome: "anonymous" }
  | { outcome: "aal2_required" }
  | { outcome: "unavailable" }

/** A verdict, and the cookies that Ory sent along, which belong to the browser. */
interface Answer {
  verdict: Verdict
  setCookies?: string[]
}

declare module "express-serve-static-core" {
  interface Request {
    /** Set by `requireAuth`; {@link sessionOf} reads it without the `undefined`. */
    session?: Session
  }
}

/** The session of a request that passed `requireAuth`. Throws on a route that `requireAuth` does not protect. */
export function sessionOf(request: Request): Session {
  if (request.session === undefined)
    throw new Error(`${request.path} reads the session, but requireAuth does not protect it`)
  return request.session
}

/**
 * Makes the middleware that lets a request pass only with an active session, which is then `request.session`. Everyone else gets:
 * a redirect to Ory's login and back (401 for an API client); the same for a second factor that is due (403); or, while Ory
 * gives no clear answer, 503. Each request with a session cookie costs one call to Ory, so a session that was ended elsewhere is
 * refused at once. Nothing it protects may be stored by caches between here and the browser.
 */
export function createRequireAuth(config: Config, log: Logger): RequestHandler {
  const whoami = createWhoami(config, log)

  return async (request, response, next) => {
    response.set("cache-control", "private, no-store")
    const cookie = sessionCookies(config, request.get("cookie"))
    if (cookie === "") {
      refuse(request, response, "anonymous")
      return
    }
    const { verdict, setCookies = [] } = await whoami(cookie)
    if (verdict.outcome !== "active") {
      refuse(request, response, verdict.outcome)
      return
    }
    response.append("set-cookie", setCookies)
    request.session = verdict.session
    next()
  }

  function refuse(request: Request, response: Response, outcome: Exclude<Verdict["outcome"], "active">): void {
    log.info({ outcome, method: request.method, path: request.path }, "refused")
    if (outcome === "unavailable") response.set("retry-after", String(RETRY_SECONDS))

    if (wantsJson(request)) {
      const { status, ...error } = API_ERRORS[outcome]
      response.status(status).json({ error })
    } else if (outcome === "unavailable") {
      response.status(503).type("text").send("Your session could not be checked. Try again in a few seconds.\n")
    } else {
      // 303: whatever was sent here, the browser continues with GET. Without `aal2` Ory would send it straight back.
      const ask = outcome === "aal2_required" ? ({ aal: "aal2" } as const) : undefined
      response.redirect(303, loginUrl(config, returnToPage(request, config.appUrl), ask))
    }
  }
}

/** What API clients get. The `code`s are stable. */
const API_ERRORS = {
  anonymous: { status: 401, code: "unauthenticated", message: "There is no valid session. Sign in first." },
  aal2_required: { status: 403, code: "session_aal2_required", message: "A second factor is due." },
  unavailable: { status: 503, code: "ory_unavailable", message: "The session could not be checked. Try again." },
}

function wantsJson(request: Request): boolean {
  const accept = request.get("accept") ?? ""
  return accept.includes("application/json") && !accept.includes("text/html")
}

/**
 * Makes the function that asks Ory whose session a cookie is. It never throws: what is neither a session nor Ory's clear no is
 * `unavailable`, and logged without cookies.
 */
function createWhoami({ oryUrl }: Config, log: Logger): (cookie: string) => Promise<Answer> {
  const ory = new FrontendApi(
    new Configuration({
      basePath: oryUrl,
      baseOptions: {
        adapter: "fetch",
        timeout: TIME_LIMIT,
        // Every status is an answer to judge, and an answer from somewhere else is not Ory's.
        validateStatus: () => true,
        fetchOptions: { redirect: "manual" },
      },
    }),
  )
  return async (cookie) => {
    try {
      const { status, data, headers } = await ory.toSession({ cookie })
      const verdict = judge(status, data)
      if (verdict.outcome === "unavailable") log.error({ oryUrl, status }, "Ory did not say whose session this is")
      // With this adapter a lone cookie is a string, whatever its type says.
      return { verdict, setCookies: [headers["set-cookie"] ?? []].flat() }
    } catch (error) {
      // Its message only: the error itself holds the request, and with it the cookie.
      log.error(
        { oryUrl, why: error instanceof Error ? error.message : "unknown" },
        "Ory did not say whose session this is",
      )
      return { verdict: { outcome: "unavailable" } }
    }
  }
}

function judge(status: number, body: unknown): Verdict {
  if (status === 401) return { outcome: "anonymous" }
  if (status === 403 && errorId(body) === "session_aal2_required") return { outcome: "aal2_required" }
  return status === 200 && isActive(body) ? { outcome: "active", session: body } : { outcome: "unavailable" }
}

function isActive(body: unknown): body is Session {
  const { active, authenticated_at, expires_at, identity } = (body ?? {}) as Partial<OrySession>
  return active === true && Boolean(authenticated_at && expires_at && identity?.id)
}

function errorId(body: unknown): string | undefined {
  return (body as { error?: { id?: string } } | null | undefined)?.error?.id
}

/**
 * The session cookies in a Cookie header, in the order sent: the one that `ORY_SESSION_COOKIE` names, else Kratos' and Ory Network's.
 * Everything else stays here; so does what holds bytes that RFC 6265 does not allow.
 */
function sessionCookies({ sessionCookie }: Config, header = ""): string {
  const isSession = (name: string): boolean =>
    sessionCookie === undefined
      ? name === "ory_kratos_session" || name.startsWith("ory_session_")
      : name === sessionCookie
  return header
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => /^[^=]+=[\x21-\x7e]*$/.test(pair) && isSession(pair.slice(0, pair.indexOf("="))))
    .join("; ")
}
