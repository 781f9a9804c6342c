import type { Verdict } from "@/lib/ory"

/** Why a request is refused: the outcome of the session check, or what a page or action requires in addition. */
export type Refusal = Exclude<Verdict["outcome"], "active"> | "refresh_required" | "cross_site"

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
  cross_site: {
    code: "cross_site_request",
    status: 403,
    message: "This request was sent from another site. Send it from this app's own pages.",
  },
  unavailable: { code: "ory_unavailable", status: 503, message: "The session could not be checked. Try again." },
} as const satisfies Record<Refusal, Details>

export type Code = (typeof REFUSALS)[Refusal]["code"]
