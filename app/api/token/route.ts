import { env } from "@/lib/env"
import { NO_STORE } from "@/lib/security-headers"
import { checkRequest, deniedResponse } from "@/lib/session"
import { getSessionToken } from "@/lib/session-token"

/**
 * A token of the session for client code, which sends it to your API: docs/your-own-api.md. POST, so that no other site can request
 * one, and no browser or proxy stores it.
 */
export async function POST(): Promise<Response> {
  if (env.sessionTokenJwks === undefined) {
    const message = "There are no session tokens, because SESSION_TOKEN_JWKS is not set."
    return Response.json({ error: { code: "not_configured", message } }, { status: 404, headers: NO_STORE })
  }
  const { denied } = await checkRequest()
  if (denied) return deniedResponse(denied)
  const made = await getSessionToken()
  if (made.denied) return deniedResponse(made.denied)
  const { token, expiresAt } = made
  return Response.json({ token, expiresAt: new Date(expiresAt).toISOString() }, { headers: NO_STORE })
}
