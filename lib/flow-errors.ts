import "server-only"
import { ory } from "@/lib/ory"

/**
 * What to tell a user about an error that Ory sent the browser to `/auth/error` with, by Ory's id.
 * https://www.ory.com/docs/kratos/self-service/flows/user-facing-errors
 */
const SENTENCES: ReadonlyMap<string, string> = new Map([
  [
    "self_service_flow_return_to_forbidden",
    "The link you followed leads to a page outside this site. Open the page you need from here instead.",
  ],
  ["self_service_flow_expired", "This form has expired. Start again."],
  ["self_service_flow_replaced", "This form was replaced by a newer one. Use the newer one, or start again."],
  ["self_service_flow_disabled", "This is not available at the moment."],
  [
    "security_csrf_violation",
    "We couldn't confirm that the form came from your browser. Allow cookies for this site, then start again.",
  ],
  ["security_identity_mismatch", "This form was started from another account. Start again."],
  ["session_inactive", "You are signed out. Sign in to continue."],
  ["session_already_available", "You are already signed in."],
  ["session_aal1_required", "Sign in first. You can then confirm with your second factor."],
  ["session_aal2_required", "Confirm with your second factor to continue."],
  ["session_aal_already_fulfilled", "You have already confirmed with your second factor."],
  ["session_refresh_required", "You signed in too long ago to make this change. Sign in again first."],
  ["session_verified_address_required", "Confirm your e-mail address first. We sent you a code when you signed up."],
])

/** For every other error, also without one that Ory knows. */
const GENERIC = "We couldn't complete this. Start again. If it happens again, try later."

/** Longest text from Ory in one line of the log, in characters. */
const MAX_LOGGED = 500

/**
 * Our own sentence for the error with this id. Ory's text can quote a link that an attacker made, so it goes to the log only.
 *
 * @param id From the query of `/auth/error`.
 */
export async function flowErrorSentence(id: string | string[] | undefined): Promise<string> {
  if (typeof id !== "string") return GENERIC
  const response = await ory.getFlowError({ id }).catch(() => undefined)
  if (response?.status !== 200) return GENERIC
  const {
    id: name = "without an id",
    message = "",
    reason = "",
  } = (response.data.error ?? {}) as Partial<Record<string, string>>
  console.error(`Ory ended a flow with an error: ${oneLine(`${name}: ${message} ${reason}`)}`)
  return SENTENCES.get(name) ?? GENERIC
}

/** Without characters that could forge a second line, or move or recolour what a terminal shows. */
function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .slice(0, MAX_LOGGED)
    .toWellFormed()
}
