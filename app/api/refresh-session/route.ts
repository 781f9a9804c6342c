import { appUrl, oryPublicUrl } from "@/lib/env"
import { sessionCookies } from "@/lib/ory"
import { loginUrl, returnTo } from "@/lib/return-to"

/**
 * Sends the browser to Ory to sign in again, which renews the session, and then back to `return_to`. With `aal=aal2` the
 * second factor is asked for as well. https://www.ory.com/docs/kratos/session-management/refresh-extend-sessions
 */
export function GET(request: Request): Response {
  const headers = new Headers({ "cache-control": "private, no-store" })
  // Fetched ahead of time, it would begin a flow at Ory for nothing.
  if ((request.headers.get("sec-purpose") ?? request.headers.get("purpose") ?? "").includes("prefetch"))
    return new Response(null, { status: 503, headers })

  const { searchParams } = new URL(request.url)
  const app = appUrl(request.headers.get("host"))
  const back = returnTo(searchParams.get("return_to"), app)
  // Someone without a session owes the first factor first: asked for the second, Ory would only say that this cannot be.
  const aal2 = searchParams.get("aal") === "aal2" && sessionCookies(request.headers.get("cookie")) !== ""
  headers.set("location", loginUrl(oryPublicUrl(app), back, { refresh: true, aal2 }))
  return new Response(null, { status: 303, headers })
}
