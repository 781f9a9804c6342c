import { appUrl, oryPublicUrl } from "@/lib/env"
import { sessionCookies } from "@/lib/ory"
import { loginUrl, returnTo } from "@/lib/return-to"

/**
 * Redirects to Ory to sign in again, which renews the session, and then back to `return_to`. `aal=aal2` also requires the
 * second factor. https://www.ory.com/docs/kratos/session-management/refresh-extend-sessions
 */
export function GET(request: Request): Response {
  const headers = new Headers({ "cache-control": "private, no-store" })
  // A prefetch would create a flow at Ory that no user sees.
  if ((request.headers.get("sec-purpose") ?? request.headers.get("purpose") ?? "").includes("prefetch"))
    return new Response(null, { status: 503, headers })

  const { searchParams } = new URL(request.url)
  const app = appUrl(request.headers.get("host"))
  const back = returnTo(searchParams.get("return_to"), app)
  // Without a session the first factor comes first: Ory refuses `aal=aal2` for an anonymous browser.
  const aal2 = searchParams.get("aal") === "aal2" && sessionCookies(request.headers.get("cookie")) !== ""
  headers.set("location", loginUrl(oryPublicUrl(app), back, { refresh: true, aal2 }))
  return new Response(null, { status: 303, headers })
}
