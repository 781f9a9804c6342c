import "server-only"
import type { Session as OrySession } from "@ory/client"
import { headers } from "next/headers"
import { redirect } from "next/navigation"
import { cache } from "react"
import { appUrl, env, oryPublicUrl } from "@/lib/env"
import { apiError, CODES, type Code, type Refusal } from "@/lib/gate"
import { isSameOrigin } from "@/lib/origin"
import { sessionCookies, whoami, type Session, type Verdict } from "@/lib/ory"
import { loginUrl, PATH_HEADER, returnTo } from "@/lib/return-to"
import { isApi } from "@/lib/routes"
import { HANDOFF_HEADER, open, openSnapshot } from "@/lib/sealed"

export type { Session, Verdict }

/** What a page, an action or a route handler asks of a session, beyond there being one. */
export interface Requirement {
  /** Refuse a snapshot: what changes state asks for this. */
  fresh?: boolean
  /** The person proved who they are within so many seconds: for what a stranger at an open laptop must not do. */
  maxAgeSeconds?: number
  /** The person proved it with a second factor. Who has none is led to enrol one. */
  aal?: "aal2"
}

/** Ory's clock and this one may differ by as many seconds, or else someone who has just signed in could look too old, for ever. */
const CLOCK_SKEW_SECONDS = 60

/** Ory could neither be asked nor had it answered before. Reaches `error.tsx`. */
export class OryUnavailableError extends Error {
  override name = "OryUnavailableError"
  constructor() {
    super(`Ory at ${env.oryUrl} does not answer`)
  }
}

/**
 * What is known of this request's session: from the gate's handoff, from the snapshot, or else by asking Ory, so that a
 * request which never met the gate is judged all the same. Never throws.
 */
export async function readSession({ fresh = false }: Pick<Requirement, "fresh"> = {}): Promise<Verdict> {
  return read(fresh)
}

/**
 * This request's session, for pages. Whoever has none is sent to Ory's login and comes back to this page; whoever owes a
 * second factor, or a recent sign-in that the requirement asks for, is asked for it.
 *
 * @throws OryUnavailableError while Ory does not answer; what `redirect` throws for everybody without a session.
 */
export async function requireSession(requirement: Requirement = {}): Promise<Session> {
  const checked = await checkSession(requirement)
  if ("session" in checked) return checked.session
  if (checked.denied.location === null) throw new OryUnavailableError()
  return redirect(checked.denied.location)
}

/**
 * All of Ory's answer about this request's session, for what shows the account itself. It is no check: call it after one.
 *
 * @throws OryUnavailableError while Ory does not answer; Error on a path that is not among the sensitive ones in `lib/routes.ts`.
 */
export async function wholeSession(): Promise<OrySession> {
  const verdict = await readSession({ fresh: true })
  if (verdict.outcome !== "active") throw new OryUnavailableError()
  if (!verdict.whole)
    throw new Error(
      "Add this path to SENSITIVE in lib/routes.ts: elsewhere, the gate hands over less than all of Ory's answer",
    )
  return verdict.whole
}

/** Why there is no session to act with. `location` asks for what is missing and comes back; null while Ory is down. */
export interface Denied {
  code: Code
  location: string | null
}

export type Checked = { session: Session } | { denied: Denied }

/** {@link requireSession} as a value, for server actions and route handlers, which a redirect would break. */
export async function checkSession(requirement: Requirement = {}): Promise<Checked> {
  const verdict = await readSession(requirement)
  let judged = judge(verdict, requirement)
  // A snapshot may be older than the proof it lacks: nobody is sent away before Ory was asked.
  if (verdict.outcome === "active" && judged.outcome !== "active")
    judged = judge(await readSession({ fresh: true }), requirement)
  return judged.outcome === "active" ? { session: judged.session } : { denied: await deny(judged.outcome) }
}

/** For what Ory itself refused: its limits may be tighter than a guard's. */
export async function deny(refusal: Refusal): Promise<Denied> {
  return { code: CODES[refusal], location: await wayIn(refusal) }
}

/**
 * The first line of every server action: asks Ory, whatever a snapshot says.
 *
 * @throws Error when another site sent the form. Next compares with the Host header; this compares with `APP_URL`.
 */
export async function checkAction(requirement: Omit<Requirement, "fresh"> = {}): Promise<Checked> {
  const request = await headers()
  if (!isSameOrigin(request, appUrl(request.get("host")))) throw new Error("This form was sent from another site")
  return checkSession({ ...requirement, fresh: true })
}

/** The JSON answer of a route handler to someone it denies: 401, 403 or 503, with `code` and `location`, never cached. */
export function deniedResponse({ code, location }: Denied): Response {
  const [{ error }, init] = apiError(code)
  return Response.json(
    { error: { ...error, location } },
    { ...init, headers: { "cache-control": "private, no-store" } },
  )
}

const read = cache(async (fresh: boolean): Promise<Verdict> => {
  const request = await headers()
  const app = appUrl(request.get("host"))
  const cookie = sessionCookies(request.get("cookie"))
  const handoff = request.get(HANDOFF_HEADER)
  const handedOver = handoff === null ? undefined : await open("handoff", handoff, cookie, app)
  if (handedOver) return handedOver
  const snapshot = fresh ? undefined : await openSnapshot(request.get("cookie"), cookie, app)
  return snapshot ?? (await whoami(cookie)).verdict
})

/** The verdict, unless its session lacks what the requirement asks for. */
function judge(
  verdict: Verdict,
  { aal, maxAgeSeconds = Infinity }: Requirement,
): Verdict | { outcome: "refresh_required" } {
  if (verdict.outcome !== "active") return verdict
  const { authenticator_assurance_level, authenticated_at } = verdict.session
  if (aal === "aal2" && authenticator_assurance_level !== "aal2") return { outcome: "aal2_required" }
  const age = (Date.now() - Date.parse(authenticated_at)) / 1000
  return age <= maxAgeSeconds + CLOCK_SKEW_SECONDS ? verdict : { outcome: "refresh_required" }
}

/** Where the browser gets what is missing, and comes back: to this page, or to the page that called this API. */
async function wayIn(refusal: Refusal): Promise<string | null> {
  if (refusal === "unavailable") return null
  const request = await headers()
  const path = request.get(PATH_HEADER)
  const page = path !== null && isApi(path) ? request.get("referer") : path
  const app = appUrl(request.get("host"))
  const back = returnTo(page, app)
  return loginUrl(oryPublicUrl(app), back, {
    refresh: refusal === "refresh_required",
    aal2: refusal === "aal2_required",
  })
}
