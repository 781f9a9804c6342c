import { env } from "@/lib/env"
import { log } from "@/lib/log"
import { whoami, type Session, type Whoami } from "@/lib/ory"
import { extendSession } from "@/lib/ory-admin"
import { judge } from "@/lib/refusals"
import type { GateRequest } from "@/lib/request"

/** How long this process waits after an attempt that did not extend a session, in milliseconds. */
const WAIT_MS = 10 * 60_000

/** How long this process doesn't call the admin API after it failed, in milliseconds. */
const PAUSE_MS = 60_000

const DAY_MS = 24 * 60 * 60_000

/** For each session that this process has tried to extend: when it may try again. Safe to evict: it only costs another attempt. */
const waiting = new Map<string, number>()
const MAX_WAITING = 1000

let pausedUntil = 0

/** The lifespan of Ory's sessions in milliseconds, once this process has extended one. A session does not contain it. */
let lifespan = Infinity

/**
 * When the next page view extends this session, in milliseconds since 1970. It is in the past when the session must be extended now. Infinity
 * without `ORY_ADMIN_URL`, and for a session that is older than `SESSION_MAX_AGE` by then.
 *
 * @param issuedAt When the session began.
 */
export function extendsAt(session: Session, issuedAt: string | undefined): number {
  if (env.oryAdminUrl === undefined) return Infinity
  const at = Math.max(windowStart(session), waiting.get(session.id) ?? 0, pausedUntil)
  const maxAge = Date.parse(issuedAt ?? "") + env.sessionMaxAgeSeconds * 1000
  return Math.max(at, Date.now()) < maxAge ? at : Infinity
}

/** By default, the window is a day, but at most half the lifespan. Otherwise short sessions would always be in it. */
function windowStart({ authenticated_at, expires_at }: Session): number {
  const end = Date.parse(expires_at)
  const standard = Math.min(DAY_MS, lifespan / 2, (end - Date.parse(authenticated_at)) / 2)
  return end - (env.sessionExtendBelowSeconds === undefined ? standard : env.sessionExtendBelowSeconds * 1000)
}

/**
 * Extends the session of an active user if it ends soon, and asks Ory for it again, so that this response carries Ory's new cookie.
 * A page load extends it, and so does a fetch by Next's router, because a user who follows links seldom loads a page. An API
 * request does not, because an open page may send it without its user.
 *
 * @param checked Ory's response to this request's session check.
 * @returns Ory's newer response after an extension, otherwise `checked`. Never throws.
 */
export async function slide(request: GateRequest, checked: Whoami): Promise<Whoami> {
  const { session } = judge(checked.verdict, request.access)
  const isPageView = request.isRead && (request.kind === "page" || request.kind === "fetch")
  if (!session || !isPageView || Date.now() < extendsAt(session, checked.issuedAt)) return checked

  // Set before the call, so that concurrent requests don't extend the session too.
  wait(session.id)
  const problem = await extendSession(session.id)
  if (problem !== undefined) {
    waiting.delete(session.id)
    pause(problem)
    return checked
  }
  const again = await whoami(request.credential, { fresh: true })
  if (again.verdict.outcome === "unavailable") return checked
  const { session: extended } = judge(again.verdict, {})
  if (extended && Date.parse(extended.expires_at) > Date.parse(session.expires_at)) {
    waiting.delete(session.id)
    lifespan = Date.parse(extended.expires_at) - Date.now()
  }
  return again
}

function wait(id: string): void {
  const [oldest] = waiting.keys()
  if (waiting.size >= MAX_WAITING && oldest !== undefined) waiting.delete(oldest)
  waiting.set(id, Date.now() + WAIT_MS)
}

/** Logs at most once in each pause, because requests that were sent before it may fail too. */
function pause(problem: string): void {
  const now = Date.now()
  if (now >= pausedUntil)
    log(
      "error",
      "session_extension_failed",
      `Ory's admin API at ${env.oryAdminUrl} did not extend a session: ${problem}. No session is extended for a minute.`,
      { ory_admin: env.oryAdminUrl, reason: problem },
    )
  pausedUntil = now + PAUSE_MS
}
