import type { NextRequest, NextResponse } from "next/server"
import { appUrl, env } from "@/lib/env"
import { isAction, isForeignAction, mayUseSnapshot, pass, refuse, refuseForeign, type Visit } from "@/lib/gate"
import { sessionCookies, whoami } from "@/lib/ory"
import { forward } from "@/lib/ory-proxy"
import { NO_SESSION } from "@/lib/return-to"
import { isOrys, isPublic } from "@/lib/routes"
import { openSnapshot } from "@/lib/sealed"

/**
 * The gate: decides for each request, before any page runs. Pages check the session again (`requireSession`), so that a
 * request that bypasses the gate is refused too.
 */
export async function middleware(request: NextRequest): Promise<NextResponse> {
  const visit: Visit = { request, appUrl: appUrl(request.headers.get("host")), pathname: request.nextUrl.pathname }
  if (env.topology === "same-origin" && isOrys(visit.pathname)) return forward(visit)
  if (isForeignAction(visit)) return refuseForeign(visit)
  const endsLoop = visit.pathname === NO_SESSION
  if (isPublic(visit.pathname) && !endsLoop) return pass(visit)

  const start = performance.now()
  const cookie = sessionCookies(request.headers.get("cookie"))
  const snapshot = mayUseSnapshot(visit)
    ? await openSnapshot(request.headers.get("cookie"), cookie, visit.appUrl, 1)
    : undefined
  if (snapshot?.outcome === "active") return pass(visit, { verdict: snapshot, source: "snapshot", cookie, start })

  const { verdict, setCookies } = await whoami(cookie)
  if (endsLoop && verdict.outcome === "anonymous") return pass(visit, undefined, 401)
  return verdict.outcome === "active" || isAction(visit)
    ? pass(visit, { verdict, source: "ory", cookie, start, setCookies })
    : refuse(visit, verdict)
}

export const config = {
  matcher: [
    "/((?!_next/static/|_next/image$).*)",
    // Next would look for the page of a server action here as well. An empty `next-action` header matches nothing, so its
    // requests are matched by their content type.
    { source: "/_next/static/:path*", has: [{ type: "header", key: "next-action" }] },
    { source: "/_next/static/:path*", has: [{ type: "header", key: "content-type" }] },
  ],
}
