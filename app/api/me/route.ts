import { checkSession, deniedResponse } from "@/lib/session"

/** The signed-in user as JSON. The route handler to copy. */
export async function GET(): Promise<Response> {
  const checked = await checkSession()
  if ("denied" in checked) return deniedResponse(checked.denied)
  const { id, expires_at, authenticated_at, authenticator_assurance_level, identity } = checked.session
  const body = { id, expires_at, authenticated_at, authenticator_assurance_level, identity }
  return Response.json(body, { headers: { "cache-control": "private, no-store" } })
}
