import { currentRequest } from "@/lib/current-request"
import { oryPublicUrl } from "@/lib/env"
import { isPrefetch } from "@/lib/request"
import { loginUrl, returnTo } from "@/lib/return-to"
import { NO_STORE } from "@/lib/security-headers"
import { readSession } from "@/lib/session"

/**
 * Redirects to Ory to sign in again, which renews the session, and then back to `return_to`. `aal=aal2` also requires the
 * second factor. https://www.ory.com/docs/kratos/session-management/refresh-extend-sessions
 */
export async function GET({ url }: Request): Promise<Response> {
  const { headers, appUrl } = await currentRequest()
  // A prefetch would create a flow at Ory that no user sees.
  if (isPrefetch(headers)) return new Response(null, { status: 503, headers: NO_STORE })

  const { searchParams } = new URL(url)
  const page = returnTo(searchParams.get("return_to"), appUrl)
  // Without a session the first factor comes first: Ory refuses `aal=aal2` for a signed-out browser.
  const aal2 = searchParams.get("aal") === "aal2" && (await readSession({ fresh: true })).outcome !== "anonymous"
  const location = loginUrl(oryPublicUrl(appUrl), page, { refresh: true, aal2 })
  return new Response(null, { status: 303, headers: { ...NO_STORE, location } })
}
