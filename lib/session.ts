import "server-only"
import { headers } from "next/headers"
import { redirect } from "next/navigation"
import { cache } from "react"
import { appUrl, env } from "@/lib/env"
import { apiError } from "@/lib/gate"
import { sessionCookies, whoami, type Session, type Verdict } from "@/lib/ory"
import { loginUrl, PATH_HEADER, returnTo } from "@/lib/return-to"
import { HANDOFF_HEADER, open, openSnapshot } from "@/lib/sealed"

export type { Session, Verdict }

export interface Requirement {
  /** Refuse a snapshot: what changes state asks for this. */
  fresh?: boolean
}

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
export async function readSession({ fresh = false }: Requirement = {}): Promise<Verdict> {
  return read(fresh)
}

/**
 * This request's session, for pages. Whoever has none is sent to Ory's login and comes back to this page; whoever owes a
 * second factor is asked for it.
 *
 * @throws OryUnavailableError while Ory does not answer; what `redirect` throws for everybody without a session.
 */
export async function requireSession(requirement: Requirement = {}): Promise<Session> {
  const checked = await checkSession(requirement)
  if ("session" in checked) return checked.session
  if (checked.denied.location === null) throw new OryUnavailableError()
  return redirect(checked.denied.location)
}

/** Why there is no session to act with. `code`s are stable; `location` signs in and comes back, null while Ory is down. */
export interface Denied {
  outcome: Exclude<Verdict["outcome"], "active">
  location: string | null
}

/** {@link requireSession} as a value, for server actions and route handlers, which a redirect would break. */
export async function checkSession(requirement: Requirement = {}): Promise<{ session: Session } | { denied: Denied }> {
  const verdict = await readSession(requirement)
  if (verdict.outcome === "active") return { session: verdict.session }
  return { denied: { outcome: verdict.outcome, location: await wayIn(verdict.outcome) } }
}

/** The JSON answer of a route handler to someone without a session: 401, 403 or 503, never cached. */
export function deniedResponse({ outcome }: Denied): Response {
  const [body, init] = apiError(outcome)
  return Response.json(body, { ...init, headers: { "cache-control": "private, no-store" } })
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

async function wayIn(outcome: Denied["outcome"]): Promise<string | null> {
  if (outcome === "unavailable") return null
  const request = await headers()
  const back = returnTo(request.get(PATH_HEADER), appUrl(request.get("host")))
  return loginUrl(env.oryUrl, back, { aal2: outcome === "aal2_required" })
}
