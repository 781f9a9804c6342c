import { Configuration, FrontendApi, type Identity, type Session as OrySession } from "@ory/client"
import { env } from "@/lib/env"

/** How long Ory may take to answer, in milliseconds. Later than that counts as no answer. */
const TIME_LIMIT = 3000

/**
 * The one client for Ory's public API, the same on Edge and Node. It answers every status with a response to branch on
 * (only "no answer" throws) and follows no redirect: an answer from somewhere else is not Ory's.
 */
export const ory = new FrontendApi(
  new Configuration({
    basePath: env.oryUrl,
    baseOptions: {
      adapter: "fetch",
      timeout: TIME_LIMIT,
      validateStatus: () => true,
      fetchOptions: { redirect: "manual", cache: "no-store" },
      // Otherwise every call leaks about 6 kB: docs/decisions/axios-without-request.md
      env: { Request: null },
    },
  }),
)

/** What people's accounts hold; `ory/identity.schema.json` says the same. Nothing but the schema promises it. */
export interface Traits {
  email?: string
  name?: { first?: string; last?: string }
}

/** What Ory's `toSession` returned, trimmed to what pages need. https://www.ory.com/docs/reference/api#tag/frontend/operation/toSession */
export type Session = Required<
  Pick<
    OrySession,
    "id" | "authenticated_at" | "expires_at" | "authenticator_assurance_level" | "authentication_methods"
  >
> & { identity: Pick<Identity, "id"> & { traits: Traits } }

/**
 * What is known of a request's session. `unavailable` is never a reason to let someone in, or to sign them out. `whole` is Ory's
 * answer as it came, where it has just come and is wanted: no snapshot has it.
 */
export type Verdict =
  | { outcome: "active"; session: Session; whole?: OrySession }
  | { outcome: "anonymous" }
  | { outcome: "aal2_required" }
  | { outcome: "unavailable" }

/**
 * Asks Ory whose session these cookies are.
 *
 * @param cookie What {@link sessionCookies} picked. Empty: anonymous, without asking.
 * @returns The verdict, and the `Set-Cookie` values Ory sent along, which belong to the browser. Never throws: what is
 *   neither a session nor Ory's clear no is `unavailable`, and logged without cookies.
 */
export async function whoami(cookie: string): Promise<{ verdict: Verdict; setCookies: string[] }> {
  if (cookie === "") return { verdict: { outcome: "anonymous" }, setCookies: [] }
  try {
    const response = await ory.toSession({ cookie })
    return { verdict: judge(response.status, response.data), setCookies: setCookies(response.headers) }
  } catch (error) {
    return { verdict: unavailable(error instanceof Error ? error.message : String(error)), setCookies: [] }
  }
}

function judge(status: number, body: unknown): Verdict {
  if (status === 401) return { outcome: "anonymous" }
  if (status === 403 && errorId(body) === "session_aal2_required") return { outcome: "aal2_required" }
  const session = status === 200 ? trim(body) : undefined
  return session ? { outcome: "active", session, whole: body as OrySession } : unavailable(`status ${status}`)
}

function unavailable(why: string): Verdict {
  console.error(`Ory at ${env.oryUrl} did not say whose session this is: ${why}`)
  return { outcome: "unavailable" }
}

/** A session with everything that pages rely on, or nothing. */
function trim(body: unknown): Session | undefined {
  const { id, active, authenticated_at, expires_at, authenticator_assurance_level, authentication_methods, identity } =
    (typeof body === "object" && body !== null ? body : {}) as Partial<OrySession>
  if (active !== true || !id || !authenticated_at || !expires_at || !authenticator_assurance_level || !identity?.id)
    return undefined
  return {
    id,
    authenticated_at,
    expires_at,
    authenticator_assurance_level,
    authentication_methods: authentication_methods ?? [],
    identity: { id: identity.id, traits: (identity.traits ?? {}) as Traits },
  }
}

/** The stable name of an error that Ory answered with, such as `session_aal2_required`. */
export function errorId(body: unknown): string | undefined {
  return (body as { error?: { id?: string } } | null | undefined)?.error?.id
}

/** The `Set-Cookie` values of an answer. */
export function setCookies(headers: Record<string, unknown>): string[] {
  // With the fetch adapter a lone cookie is a string, several are an array.
  return [headers["set-cookie"]].flat().filter((value) => typeof value === "string")
}

/** Whether a cookie of this name holds the session: the one that `ORY_SESSION_COOKIE` names, else Kratos' or Ory Network's. */
export const isSessionCookie = (name: string): boolean =>
  env.sessionCookie === undefined
    ? name === "ory_kratos_session" || name.startsWith("ory_session_")
    : name === env.sessionCookie

/** Beside the session, what Ory gives a browser for a flow: CSRF cookies and the continuity cookie. */
export const isFlowCookie = (name: string): boolean =>
  name.startsWith("csrf_token_") || name === "ory_kratos_continuity"

/** The session cookies in a Cookie header. Everything else stays here. */
export function sessionCookies(header: string | null): string {
  return pick(header, isSessionCookie)
}

/** What Ory needs to show or finish a flow: the session and the cookies of flows. */
export function flowCookies(header: string | null): string {
  return [sessionCookies(header), pick(header, isFlowCookie)].filter((part) => part !== "").join("; ")
}

/**
 * A cookie of Ory's as this app may set it. Direct: as it is. Same-origin: for this host only, Secure exactly on https,
 * never for other sites, and nothing under a name that is not Ory's.
 */
export function browserCookie(setCookie: string, appUrl: string): string | undefined {
  if (env.topology === "direct") return setCookie
  const [pair = "", ...attributes] = setCookie.split(";").map((part) => part.trim())
  const name = pair.slice(0, Math.max(pair.indexOf("="), 0))
  if (!isSessionCookie(name) && !isFlowCookie(name)) return undefined
  const kept = attributes.filter((attribute) => /^(path|max-age|expires)=|^httponly$/i.test(attribute))
  const sameSite = attributes.some((attribute) => /^samesite=strict$/i.test(attribute)) ? "Strict" : "Lax"
  return [pair, ...kept, `SameSite=${sameSite}`, ...(appUrl.startsWith("https://") ? ["Secure"] : [])].join("; ")
}

/** Cookies of these names, in the order sent. One with bytes that RFC 6265 does not allow is none of Ory's. */
function pick(header: string | null, wanted: (name: string) => boolean): string {
  return (header ?? "")
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => wanted(pair.slice(0, Math.max(pair.indexOf("="), 0))) && /^[\x21-\x7e]+$/.test(pair))
    .join("; ")
}
