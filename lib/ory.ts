import { Configuration, FrontendApi, type Identity, type Session as OrySession } from "@ory/client"
import { env } from "@/lib/env"
import { log } from "@/lib/log"
import { readRole, type Role } from "@/lib/roles"
import { sha256 } from "@/lib/sha256"

/** How long Ory may take to respond, in milliseconds. After that, Ory counts as unreachable. */
const TIMEOUT_MS = 3000

/**
 * The client for Ory's public API, on Edge and Node. It throws only when there is no response: branch on the status of the
 * response instead. It follows no redirects, because a response from another host is not Ory's.
 */
export const ory = new FrontendApi(
  new Configuration({
    basePath: env.oryUrl,
    baseOptions: {
      adapter: "fetch",
      timeout: TIMEOUT_MS,
      validateStatus: () => true,
      fetchOptions: { redirect: "manual", cache: "no-store" },
      // Otherwise every call leaks about 6 kB: docs/decisions/axios-without-request.md
      env: { Request: null },
    },
  }),
)

/** Options of a `toSession` that must be fresh. With Edge Sessions, Ory Network caches it for minutes. */
export const FRESH = { headers: { "Cache-Control": "max-age=0" } }

/** The fields of an identity, as in `ory/identity.schema.json`. Optional, because existing accounts may lack a new field. */
export interface Traits {
  email?: string
  name?: { first?: string; last?: string }
}

/**
 * The fields of Ory's session that pages can use, as `toSession` returns them. To add a field: add it here and in
 * `trimSession`, and raise {@link SESSION_VERSION}.
 * https://www.ory.com/docs/reference/api#tag/frontend/operation/toSession
 */
export type Session = Required<
  Pick<
    OrySession,
    "id" | "authenticated_at" | "expires_at" | "authenticator_assurance_level" | "authentication_methods"
  >
> & {
  identity: Pick<Identity, "id"> & {
    traits: Traits
    /** Whether the user has proved to own `traits.email`, by a code from an email. */
    verified: boolean
    /** From `metadata_public`, which only the admin API can change. */
    role?: Role | undefined
  }
}

/** Version of {@link Session}. Snapshots of another version are invalid. A test compares it with the fields. */
export const SESSION_VERSION = 5

/** The session in the body of Ory's response. Undefined when a field is missing, or when the session is not active. */
function trimSession(body: unknown): Session | undefined {
  const { id, active, authenticated_at, expires_at, authenticator_assurance_level, authentication_methods, identity } =
    (typeof body === "object" && body !== null ? body : {}) as Partial<OrySession>
  if (active !== true || !id || !authenticated_at || !expires_at || !authenticator_assurance_level || !identity?.id)
    return undefined
  const traits = (identity.traits ?? {}) as Traits
  const verified = identity.verifiable_addresses?.some(({ value, verified }) => verified && value === traits.email)
  return {
    id,
    authenticated_at,
    expires_at,
    authenticator_assurance_level,
    authentication_methods: authentication_methods ?? [],
    identity: {
      id: identity.id,
      traits,
      verified: verified ?? false,
      role: readRole(identity.metadata_public),
    },
  }
}

/** The outcome of a session check. `unavailable` is never a reason to let someone in, or to sign them out. */
export type Verdict =
  | { outcome: "active"; session: Session }
  | { outcome: "anonymous" }
  | { outcome: "aal2_required" }
  | { outcome: "unavailable" }

/** Ory's response to a session check. */
export interface Whoami {
  verdict: Verdict
  /** `Set-Cookie` values that Ory sent for the browser. */
  setCookies: string[]
  /** When the session began. Later sign-ins with `refresh=true` don't change it. */
  issuedAt?: string
}

interface WhoamiOptions {
  /** Whether a response from Ory Network's cache is not enough: for changes and sensitive paths. */
  fresh?: boolean
  /** Whether to share the request of a call that is already waiting for Ory. Never for a change: that call may be older. */
  shared?: boolean
  /** Whether {@link refused} is sufficient: for clients that poll. Not for a page, which would redirect the user to sign in, or a form. */
  mayBeKnown?: boolean
}

/**
 * Asks Ory for the session of these cookies, or of a native client's token (`toSession`).
 *
 * @param credential As in `AppRequest`. When empty, the outcome is `anonymous` without a call.
 * @returns Never throws. Any response that is neither a session nor a refusal of Ory's is `unavailable`, and logged without cookies.
 */
export async function whoami(
  credential: string,
  { fresh = false, shared = !fresh, mayBeKnown = false }: WhoamiOptions = {},
): Promise<Whoami> {
  if (credential === "" || (mayBeKnown && (await isRefused(credential)))) return ANONYMOUS
  if (!shared || !canShare()) return ask(credential, fresh)
  const name = `${fresh} ${credential}`
  const running = calls.get(name)
  if (running) return running
  const call = ask(credential, fresh).finally(() => calls.delete(name))
  calls.set(name, call)
  return call
}

const ANONYMOUS: Whoami = { verdict: { outcome: "anonymous" }, setCookies: [] }

/** The calls that wait for Ory's response. Each has its own time limit, so no client that disconnects can cancel it for the others. */
const calls = new Map<string, Promise<Whoami>>()

/**
 * Whether one request may wait for the call of another. Cloudflare Workers forbid it, and Vercel's edge runs the gate there. Pages on
 * Vercel run on Node.
 * https://developers.cloudflare.com/workers/runtime-apis/context/
 */
function canShare(): boolean {
  const isWorker = typeof navigator !== "undefined" && navigator.userAgent === "Cloudflare-Workers"
  return !isWorker && !(env.onVercel && process.env.NEXT_RUNTIME === "edge")
}

async function ask(credential: string, fresh: boolean): Promise<Whoami> {
  try {
    const { status, data, headers } = await ory.toSession(credentialParameters(credential), fresh ? FRESH : {})
    const verdict = verdictOf(status, data)
    if (verdict.outcome === "anonymous") await remember(credential)
    // After a fault of Ory's, a page load finds out that the cookie is valid.
    if (verdict.outcome === "active" && refused.size > 0) refused.delete(await sha256(credential))
    if (verdict.outcome !== "active") return { verdict, setCookies: setCookies(headers) }
    return { verdict, setCookies: setCookies(headers), issuedAt: data.issued_at }
  } catch (error) {
    return { verdict: unavailable(error instanceof Error ? error.message : String(error)), setCookies: [] }
  }
}

/**
 * Credentials that Ory has refused with 401, by their SHA-256, and the time until which that is known. A client that repeats an
 * invalid one then costs Ory one call in five seconds. Signing in changes the cookie. Safe to evict: it only costs another call.
 */
const refused = new Map<string, number>()
const MAX_REFUSED = 1000
const REFUSED_MS = 5000

async function isRefused(credential: string): Promise<boolean> {
  return refused.size > 0 && Date.now() < (refused.get(await sha256(credential)) ?? 0)
}

async function remember(credential: string): Promise<void> {
  const name = await sha256(credential)
  const [oldest] = refused.keys()
  // The newest is always last.
  if (!refused.delete(name) && refused.size >= MAX_REFUSED && oldest !== undefined) refused.delete(oldest)
  refused.set(name, Date.now() + REFUSED_MS)
}

/** The verdict in Ory's response to `toSession`. */
export function verdictOf(status: number, body: unknown): Verdict {
  if (status === 401) return { outcome: "anonymous" }
  if (status === 403 && errorId(body) === "session_aal2_required") return { outcome: "aal2_required" }
  const session = status === 200 ? trimSession(body) : undefined
  return session ? { outcome: "active", session } : unavailable(`status ${status}`)
}

function unavailable(why: string): Verdict {
  const message = `Ory at ${env.oryUrl} did not return a session or a refusal: ${why}`
  log("error", "ory_unavailable", message, { ory: env.oryUrl, reason: why })
  return { outcome: "unavailable" }
}

/** The stable id of an error in the body of a response, for example `session_aal2_required`. */
export function errorId(body: unknown): string | undefined {
  return (body as { error?: { id?: string } } | null | undefined)?.error?.id
}

/** The `Set-Cookie` values of a response. */
export function setCookies(headers: Record<string, unknown>): string[] {
  // The fetch adapter returns one cookie as a string, and several as an array.
  return [headers["set-cookie"]].flat().filter((value) => typeof value === "string")
}

/** The session cookies that the browser sends after a response with these `Set-Cookie` values. */
export function renewedCookies(sessionCookies: string, setCookies: readonly string[]): string {
  const renewed = setCookies.map((value) => value.split(";", 1)[0] ?? "")
  return sessionCookies
    .split("; ")
    .map((pair) => renewed.findLast((other) => cookieName(other) === cookieName(pair)) ?? pair)
    .join("; ")
}

/** Whether a cookie of this name holds the session: the one in `ORY_SESSION_COOKIE`, or the default of Kratos or Ory Network. */
export const isSessionCookie = (name: string): boolean =>
  env.sessionCookie === undefined
    ? name === "ory_kratos_session" || name.startsWith("ory_session_")
    : name === env.sessionCookie

/** Whether a cookie of this name belongs to a flow: a CSRF cookie, or the continuity cookie. */
export const isFlowCookie = (name: string): boolean =>
  name.startsWith("csrf_token_") || name === "ory_kratos_continuity"

/** The session cookies in a `Cookie` header. Ory gets no other cookies of this app. */
export function sessionCookies(header: string | null): string {
  return pick(header, isSessionCookie)
}

/** The start of a credential that is a session token. No `Cookie` header starts like this. */
const TOKEN = "session token "

/** The credential in a client's `X-Session-Token` header. Empty when the value is not a token, or more than one. */
export function tokenCredential(header: string | null): string {
  return header !== null && /^[\w.~+/=-]{1,1000}$/.test(header) ? TOKEN + header : ""
}

/** Whether a native client sent the credential: not cookies, but a session token. */
export function isToken(credential: string): boolean {
  return credential.startsWith(TOKEN)
}

/** A credential as parameters of `@ory/client`. Never cookies and a token together, because Ory would prefer the token. */
export function credentialParameters(credential: string): { cookie: string } | { xSessionToken: string } {
  return isToken(credential) ? { xSessionToken: credential.slice(TOKEN.length) } : { cookie: credential }
}

/** The session cookies and the cookies of flows, which Ory needs to show or submit a flow. */
export function flowCookies(header: string | null): string {
  return [sessionCookies(header), pick(header, isFlowCookie)].filter((part) => part !== "").join("; ")
}

/**
 * One of Ory's `Set-Cookie` values as this app sends it. Direct: unchanged. Same-origin: for this host only, `Secure` on https,
 * and never `SameSite=None`. Undefined for a cookie with a name that is not Ory's.
 */
export function browserCookie(setCookie: string, appUrl: string): string | undefined {
  if (env.topology === "direct") return setCookie
  const [pair = "", ...attributes] = setCookie.split(";").map((part) => part.trim())
  const name = cookieName(pair)
  if (!isSessionCookie(name) && !isFlowCookie(name)) return undefined
  const kept = attributes.filter((attribute) => /^(path|max-age|expires)=|^httponly$/i.test(attribute))
  const sameSite = attributes.some((attribute) => /^samesite=strict$/i.test(attribute)) ? "Strict" : "Lax"
  return [pair, ...kept, `SameSite=${sameSite}`, ...(appUrl.startsWith("https://") ? ["Secure"] : [])].join("; ")
}

/** The cookies with these names, in the order sent. Ory's cookies contain only bytes that RFC 6265 allows. */
function pick(header: string | null, wanted: (name: string) => boolean): string {
  return (header ?? "")
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => wanted(cookieName(pair)) && /^[\x21-\x7e]+$/.test(pair))
    .join("; ")
}

/** The name of a cookie from `name=value`. Empty when the text has no `=`. */
export function cookieName(pair: string): string {
  return pair.slice(0, Math.max(pair.indexOf("="), 0))
}
