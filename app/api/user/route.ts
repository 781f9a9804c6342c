import { NO_STORE } from "@/lib/security-headers"
import { deniedResponse, deny, pollSession } from "@/lib/session"
import { userOf } from "@/lib/user"

/**
 * The user for `useUser()` on prerendered pages: `null` for visitors. Unlike `/api/me`, it is public and has the status 200 for
 * them too, because a page for everybody must not cause errors. 503 while Ory is unreachable. With `?fresh`, the user is not from a snapshot.
 */
export async function GET(request: Request): Promise<Response> {
  const verdict = await pollSession({ fresh: new URL(request.url).searchParams.has("fresh") })
  if (verdict.outcome === "unavailable") return deniedResponse(await deny("unavailable"))
  return Response.json(verdict.outcome === "active" ? userOf(verdict.session) : null, { headers: NO_STORE })
}
