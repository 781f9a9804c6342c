import { NO_STORE } from "@/lib/security-headers"
import { checkSession, deniedResponse } from "@/lib/session"

/** The signed-in user as JSON. The route handler to copy. */
export async function GET(): Promise<Response> {
  const { session, denied } = await checkSession()
  if (denied) return deniedResponse(denied)

  const { id, expires_at, authenticated_at, authenticator_assurance_level, identity } = session
  const body = { id, expires_at, authenticated_at, authenticator_assurance_level, identity }
  return Response.json(body, { headers: NO_STORE })
}
