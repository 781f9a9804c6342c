import { Configuration, FrontendApi, type Session as OrySession } from "@ory/client"
import type { Request, RequestHandler, Response } from "express"
import type { Logger } from "pino"
import type { Config } from "./config.ts"
import { createExtend } from "./extend.ts"
import { loginUrl, requestedPage } from "./return-to.ts"

/** How long Ory may take to respond, in milliseconds. */
const TIMEOUT = 3000

/** How long clients should wait before they retry while Ory is unavailable, in seconds. */
const RETRY_AFTER = "5"

/** Ory's session, with the fields that an active session always has. https://www.ory.com/docs/reference/api#tag/frontend/operation/toSession */
export type Session = OrySession & Required<Pick<OrySession, "authenticated_at" | "expires_at" | "identity">>

/** Why a request has no session. `unavailable` must never sign anyone in or out. */
type Denied = "anonymous" | "aal2_required" | "unavailable"

/** Why a request is refused. `cross_site`: another site may have sent it. */
type Refusal = Denied | "cross_site"

/** `setCookies` are from Ory, for the browser. */
export type Verdict = { session: Session; setCookies: string[] } | { denied: Denied }

/** Asks Ory for the session of a Cookie header. `fresh` bypasses the cache of Ory Network's Edge Sessions. It never throws. */
export type Whoami = (cookie: string, options: { fresh: boolean }) => Promise<Verdict>

/** Responses to API clients. Clients may rely on each `code`. */
const API_ERRORS: Record<Refusal, { status: number; code: string; message: string }> = {
  anonymous: { status: 401, code: "unauthenticated", message: "There is no valid session. Sign in first." },
  aal2_required: { status: 403, code: "session_aal2_required", message: "A second factor is required." },
  cross_site: { status: 403, code: "cross_site_request", message: "This request was sent from another site." },
  unavailable: { status: 503, code: "ory_unavailable", message: "The session could not be checked. Try again." },
}

declare module "express-serve-static-core" {
  interface Request {
    /** Set by `requireAuth`. Read it with `sessionOf`. */
    session?: Session
  }
}

/** Returns the session of a request that passed `requireAuth`. Throws on a route that `requireAuth` does not protect. */
export function sessionOf(request: Request): Session {
  if (request.session === undefined) throw new Error(`${request.path} is not protected. Add requireAuth to the route.`)
  return request.session
}

/**
 * Creates the middleware that sets `request.session`, or refuses the request: a page is redirected to Ory's sign-in page, an API
 * client gets 401 or 403, and both get 503 while Ory is unavailable.
 *
 * A browser sends cookies with every request, also when another site makes it. So a request that may change something must come from
 * a page of this app or of the web app.
 */
export function createRequireAuth(config: Config, log: Logger): RequestHandler {
  const whoami = createWhoami(config, log)
  const extend = createExtend(config, whoami, log)

  return async (request, response, next) => {
    response.set("cache-control", "private, no-store")
    const isRead = request.method === "GET" || request.method === "HEAD"
    if (!isRead && ![config.appUrl, config.webUrl].includes(request.get("origin") ?? "")) {
      refuse(request, response, "cross_site")
      return
    }
    const cookie = sessionCookies(config, request.get("cookie"))
    const checked = await whoami(cookie, { fresh: !isRead })
    const verdict = isRead ? await extend(cookie, checked) : checked
    if ("denied" in verdict) {
      refuse(request, response, verdict.denied)
      return
    }
    response.append("set-cookie", verdict.setCookies)
    request.session = verdict.session
    next()
  }

  function refuse(request: Request, response: Response, refusal: Refusal): void {
    log.info({ refusal, method: request.method, path: request.path }, "refused")
    const { status, ...error } = API_ERRORS[refusal]
    if (refusal === "unavailable") response.set("retry-after", RETRY_AFTER)
    if (wantsJson(request)) {
      response.status(status).json({ error })
    } else if (refusal === "unavailable" || refusal === "cross_site") {
      response.status(status).type("text").send(`${error.message}\n`)
    } else {
      // With 303 the browser continues with GET, also after a POST. Without `aal` Ory would redirect straight back.
      const query = refusal === "aal2_required" ? { aal: "aal2" as const } : {}
      response.redirect(303, loginUrl(config, requestedPage(request), query))
    }
  }
}

function wantsJson(request: Request): boolean {
  const accept = request.get("accept") ?? ""
  return request.path.startsWith("/api/") || (accept.includes("application/json") && !accept.includes("text/html"))
}

function createWhoami({ oryUrl }: Config, log: Logger): Whoami {
  const ory = new FrontendApi(
    new Configuration({
      basePath: oryUrl,
      baseOptions: {
        adapter: "fetch",
        timeout: TIMEOUT,
        validateStatus: () => true,
        // The response of another server is not Ory's.
        fetchOptions: { redirect: "manual" },
      },
    }),
  )

  return async (cookie, { fresh }) => {
    if (cookie === "") return { denied: "anonymous" }
    try {
      const { status, data, headers } = await ory.toSession(
        { cookie },
        fresh ? { headers: { "cache-control": "max-age=0" } } : {},
      )
      if (status === 200 && isActive(data)) {
        // The fetch adapter returns a single cookie as a string, although its type says otherwise.
        return { session: data, setCookies: [headers["set-cookie"] ?? []].flat() }
      }
      if (status === 401) return { denied: "anonymous" }
      if (status === 403 && errorId(data) === "session_aal2_required") return { denied: "aal2_required" }
      log.error({ oryUrl, status }, "unexpected response from Ory")
    } catch (error) {
      // Log only the message, because the error holds the request with its cookie.
      log.error({ oryUrl, reason: error instanceof Error ? error.message : "unknown" }, "Ory is unreachable")
    }
    return { denied: "unavailable" }
  }
}

function isActive(body: unknown): body is Session {
  const { active, authenticated_at, expires_at, identity } = (body ?? {}) as Partial<OrySession>
  return active === true && Boolean(authenticated_at && expires_at && identity?.id)
}

function errorId(body: unknown): string | undefined {
  return (body as { error?: { id?: string } } | null)?.error?.id
}

/** Picks Ory's session cookies from a Cookie header. Ory gets no other cookie, and none with bytes that RFC 6265 forbids. */
function sessionCookies({ sessionCookie }: Config, header = ""): string {
  const isSession = (name = ""): boolean =>
    sessionCookie === undefined ? /^(ory_kratos_session$|ory_session_)/.test(name) : name === sessionCookie
  return header
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => /^[\x21-\x3c\x3e-\x7e]+=[\x21-\x7e]*$/.test(pair) && isSession(pair.split("=", 1)[0]))
    .join("; ")
}
