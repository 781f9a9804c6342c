import { oryPublicUrl } from "@/lib/env"
import type { Session, Verdict } from "@/lib/ory"
import type { Role } from "@/lib/roles"
import type { AppRequest } from "@/lib/request"
import { loginUrl, returnTo, verificationPageUrl } from "@/lib/return-to"
import { isApi } from "@/lib/routes"

/** Why a request is refused: the outcome of the session check, or what a page or action requires in addition. */
export type Refusal =
  Exclude<Verdict["outcome"], "active"> | "refresh_required" | "verification_required" | "forbidden" | "cross_site"

interface Details {
  /** Stable. API clients and forms branch on it. Where Ory has an id for the same error, the code is that id. */
  code: string
  status: number
  /** For developers. Users see the texts in `components/denied-message.tsx`. */
  message: string
}

/** Every refusal, for the gate, pages, actions, route handlers and the proxy. */
export const REFUSALS = {
  anonymous: { code: "unauthenticated", status: 401, message: "There is no valid session. Sign in first." },
  aal2_required: {
    code: "session_aal2_required",
    status: 403,
    message: "This requires a second factor. Sign in with it first.",
  },
  refresh_required: {
    code: "session_refresh_required",
    status: 403,
    message: "This requires a recent sign-in. Sign in again first.",
  },
  verification_required: {
    code: "session_verified_address_required",
    status: 403,
    message: "This requires a confirmed email address. Confirm it first.",
  },
  forbidden: { code: "forbidden", status: 403, message: "This requires a role that the user does not have." },
  cross_site: {
    code: "cross_site_request",
    status: 403,
    message: "This request was sent from another site. Send it from this app's own pages.",
  },
  unavailable: { code: "ory_unavailable", status: 503, message: "The session could not be checked. Try again." },
} as const satisfies Record<Refusal, Details>

/** A refusal as callers see it. Branch on its `code`. */
export type Denied = (typeof REFUSALS)[Refusal] & {
  /** Where the user can meet the requirement, and then returns. Null when there is no such place. */
  location: string | null
}

/** The refusal of this request. The user returns to its page, or to the page that called this API. */
export function denied(refusal: Refusal, { appUrl, path, headers }: AppRequest): Denied {
  if (refusal === "unavailable" || refusal === "cross_site" || refusal === "forbidden")
    return { ...REFUSALS[refusal], location: null }
  const page = returnTo(path !== null && isApi(path) ? headers.get("referer") : path, appUrl)
  if (refusal === "verification_required") return { ...REFUSALS[refusal], location: verificationPageUrl(page, appUrl) }
  const location = loginUrl(oryPublicUrl(appUrl), page, {
    refresh: refusal === "refresh_required",
    aal2: refusal === "aal2_required",
  })
  return { ...REFUSALS[refusal], location }
}

/** What a page, action or route handler can require of an active session. */
export interface SessionRequirement {
  /** The user signed in at most this many seconds ago. For changes that someone at an unlocked laptop must not make. */
  maxAgeSeconds?: number
  /** The user signed in with a second factor. Users without one are sent to enrol it. */
  aal?: "aal2"
  /** The user has confirmed the address in `traits.email`. Other users are sent to confirm it, and then return. */
  verified?: true
  /** The user has this role now: it is never read from a snapshot. */
  role?: Role
}

/** Tolerated difference between Ory's clock and ours. Without it, a user who has just signed in could be sent to sign in again and again. */
const CLOCK_SKEW_SECONDS = 60

/** Applies a requirement to the result of a session check. */
export function judge(
  verdict: Verdict,
  { aal, maxAgeSeconds = Infinity, verified, role }: SessionRequirement,
): { session: Session; refusal?: undefined } | { session?: undefined; refusal: Exclude<Refusal, "cross_site"> } {
  if (verdict.outcome !== "active") return { refusal: verdict.outcome }
  const { authenticator_assurance_level, authenticated_at, identity } = verdict.session
  if (role !== undefined && identity.role !== role) return { refusal: "forbidden" }
  if (aal === "aal2" && authenticator_assurance_level !== "aal2") return { refusal: "aal2_required" }
  const age = (Date.now() - Date.parse(authenticated_at)) / 1000
  // An invalid date is not a recent sign-in.
  if (!(age <= maxAgeSeconds + CLOCK_SKEW_SECONDS)) return { refusal: "refresh_required" }
  if (verified && !identity.verified) return { refusal: "verification_required" }
  return { session: verdict.session }
}
