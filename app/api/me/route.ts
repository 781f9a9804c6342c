import { checkSession, deniedResponse } from "@/lib/session"

/** Who is signed in, as JSON: the route handler to copy. */
export async function GET(): Promise<Response> {
  const checked = await checkSession()
  if ("denied" in checked) return deniedResponse(checked.denied)
  const { id, expires_at, authenticated_at, authenticator_assurance_level, identity } = checked.session
  return Response.json({ id, expires_at, authenticated_at, authenticator_assurance_level, identity })
}
