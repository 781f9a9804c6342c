import "server-only"
import { decodeJwt } from "jose"
import { cache } from "react"
import { currentRequest } from "@/lib/current-request"
import { env } from "@/lib/env"
import { log } from "@/lib/log"
import { credentialParameters, FRESH, ory, verdictOf } from "@/lib/ory"
import type { Refusal } from "@/lib/refusals"
import { checkSession, deny, type Denied } from "@/lib/session"
import { sha256 } from "@/lib/sha256"

/** The name of the template in Ory's `session.whoami.tokenizer.templates`. */
const TEMPLATE = "api"

/** A token that is handed out is valid for at least this long, in milliseconds. */
const MIN_LEFT_MS = 60_000

interface Token {
  token: string
  /** When it expires, in milliseconds since 1970. */
  expiresAt: number
}

/** Exactly one of `token` and `denied` is set. */
export type SessionToken = (Token & { denied?: undefined }) | { token?: undefined; denied: Denied }

/**
 * A token of this request's session, for an API of yours that checks it without calling Ory: docs/your-own-api.md. A token stays
 * valid until it expires, also when the session ends earlier. It costs at most one call to Ory besides the session check.
 *
 * @throws Error when SESSION_TOKEN_JWKS is not set.
 */
export async function getSessionToken(): Promise<SessionToken> {
  if (env.sessionTokenJwks === undefined)
    throw new Error(
      "SESSION_TOKEN_JWKS is not set, so there are no session tokens. Set it as docs/your-own-api.md shows.",
    )
  const { session, denied } = await checkSession()
  if (denied) return { denied }
  const { credential } = await currentRequest()
  // A new token when a claim has changed: the credential stays the same after a change of role, for example.
  const { verified, role, traits } = session.identity
  const claims = [session.authenticator_assurance_level, verified, role, traits.email]
  const name = await sha256(JSON.stringify([credential, ...claims]))
  const known = tokens.get(name)
  if (known && known.expiresAt - Date.now() >= MIN_LEFT_MS) return known
  const made = await makeToken(credential)
  if (typeof made === "string") return { denied: await deny(made) }
  remember(name, made)
  return made
}

/** The last token for each credential and its claims, by their SHA-256. Safe to evict: it only costs another call. */
const tokens = new Map<string, Token>()
const MAX_TOKENS = 1000

function remember(name: string, token: Token): void {
  const [oldest] = tokens.keys()
  // The newest is always last.
  if (!tokens.delete(name) && tokens.size >= MAX_TOKENS && oldest !== undefined) tokens.delete(oldest)
  tokens.set(name, token)
}

/** Asks Ory for a token, once for each rendering of a page. https://www.ory.com/docs/identities/session-to-jwt-cors */
const makeToken = cache(async (credential: string): Promise<Token | Refusal> => {
  try {
    const { status, data } = await ory.toSession({ ...credentialParameters(credential), tokenizeAs: TEMPLATE }, FRESH)
    const { outcome } = verdictOf(status, data)
    if (outcome !== "active") return outcome
    const { exp } = decodeJwt(data.tokenized ?? "")
    if (data.tokenized !== undefined && exp !== undefined) return { token: data.tokenized, expiresAt: exp * 1000 }
    return failed(`status ${status}`)
  } catch (error) {
    return failed(error instanceof Error ? error.message : String(error))
  }
})

function failed(reason: string): Refusal {
  const message = `Ory at ${env.oryUrl} made no session token with the template "${TEMPLATE}": ${reason}`
  log("error", "session_token_failed", message, { ory: env.oryUrl, reason })
  return "unavailable"
}
