import "server-only"
import type { Session as OrySession } from "@ory/client"
import { redirect } from "next/navigation"
import { cache } from "react"
import { currentRequest } from "@/lib/current-request"
import { env } from "@/lib/env"
import { credentialParameters, FRESH, isToken, ory, whoami, type Session, type Verdict } from "@/lib/ory"
import { denied, judge, type Denied, type Refusal, type SessionRequirement } from "@/lib/refusals"
import { isSameOrigin } from "@/lib/request"
import { paths } from "@/lib/routes"
import { openHandoff, openSnapshot } from "@/lib/sealed"
import { NO_STORE } from "@/lib/security-headers"

export type { Denied, Session, Verdict }

/** Requirements of a page, action or route handler besides an active session. */
export interface Requirement extends SessionRequirement {
  /**
   * Ask Ory instead of using a snapshot. Required for every change. Give the path of the page `sensitive: true` in `lib/routes.ts` as
   * well: the gate then bypasses the cache of Ory Network, too.
   */
  fresh?: boolean
}

/** Ory is unreachable and there is no valid snapshot. Next renders `error.tsx`. */
export class OryUnavailableError extends Error {
  override name = "OryUnavailableError"
  constructor() {
    super(`Ory at ${env.oryUrl} is unreachable`)
  }
}

/**
 * The session check of this request: from the gate's handoff, from the snapshot, or from Ory. A request that did not pass the
 * gate is checked too. Never throws.
 */
export async function readSession({ fresh = false }: Pick<Requirement, "fresh"> = {}): Promise<Verdict> {
  return read(fresh, false)
}

/** {@link readSession} for a request that scripts repeat. A cookie that Ory has just refused costs no call: see `whoami`. */
export async function pollSession({ fresh = false }: Pick<Requirement, "fresh"> = {}): Promise<Verdict> {
  return read(fresh, true)
}

/**
 * The session, for pages. Signed-out visitors are redirected to sign in, then back to this page. So are users who need a second
 * factor, a recent sign-in or a confirmed address for the requirement. Users without the required role see `/forbidden`.
 *
 * @throws OryUnavailableError while Ory is unreachable.
 */
export async function requireSession(requirement: Requirement = {}): Promise<Session> {
  const { session, denied } = await checkSession(requirement)
  if (session) return session
  if (denied.code === "forbidden") return redirect(paths.forbidden)
  if (denied.location === null) throw new OryUnavailableError()
  return redirect(denied.location)
}

/** Exactly one of the two is set: `const { session, denied } = await checkSession()`. */
export type Checked = { session: Session; denied?: undefined } | { session?: undefined; denied: Denied }

/** {@link requireSession} as a value, for route handlers that only read. */
export async function checkSession(requirement: Requirement = {}): Promise<Checked> {
  // Not `??`: no caller can have a role read from a snapshot.
  const fresh = requirement.fresh === true || requirement.role !== undefined
  const verdict = await readSession({ fresh })
  let judged = judge(verdict, requirement)
  // The snapshot may predate a step-up, so ask Ory before refusing.
  if (!fresh && verdict.outcome === "active" && judged.refusal)
    judged = judge(await readSession({ fresh: true }), requirement)
  return judged.refusal ? { denied: await deny(judged.refusal) } : { session: judged.session }
}

/**
 * {@link checkSession} for requests that change something: the first line of every route handler for POST, PUT, PATCH or DELETE.
 * It always asks Ory, and refuses requests from other sites (`Origin` must be in `APP_URL`, except for native clients).
 */
export async function checkRequest(requirement: Omit<Requirement, "fresh"> = {}): Promise<Checked> {
  const request = await currentRequest()
  // No page of another site can send a session token: browsers ask first (CORS preflight), and this app allows no origin.
  if (!isToken(request.credential) && !isSameOrigin(request)) return { denied: await deny("cross_site") }
  return checkSession({ ...requirement, fresh: true })
}

/** {@link checkRequest} for server actions: the first line of every action. Next compares `Origin` with `Host`, which proxies change. */
export async function checkAction(requirement: Omit<Requirement, "fresh"> = {}): Promise<Checked> {
  return checkRequest(requirement)
}

/** A refusal with the place where the user can cure it. For refusals by Ory, whose limits may be stricter than the requirement. */
export async function deny(refusal: Refusal): Promise<Denied> {
  return denied(refusal, await currentRequest())
}

/** The JSON response of a route handler that refuses: 401, 403 or 503, with `code` and `location`. Never cached. */
export function deniedResponse({ status, ...error }: Denied): Response {
  return Response.json({ error }, { status, headers: NO_STORE })
}

/**
 * Everything that Ory knows about this request's session. It costs a call to Ory and checks nothing: call it after a check.
 *
 * @throws OryUnavailableError while Ory is unreachable.
 */
export async function readWholeSession(): Promise<OrySession> {
  const { credential } = await currentRequest()
  const response = await ory.toSession(credentialParameters(credential), FRESH).catch(() => undefined)
  if (response?.status !== 200) throw new OryUnavailableError()
  return response.data
}

const read = cache(async (fresh: boolean, isPoll: boolean): Promise<Verdict> => {
  const request = await currentRequest()
  const known = (await openHandoff(request)) ?? (fresh ? undefined : await openSnapshot(request))
  return known ?? (await whoami(request.credential, { fresh, shared: isPoll || !fresh, mayBeKnown: isPoll })).verdict
})
