import { NextResponse, type NextRequest } from "next/server"
import { appUrl } from "@/lib/env"
import { pass, refuse, type Visit } from "@/lib/gate"
import { sessionCookies, whoami } from "@/lib/ory"
import { isPublic, isSensitive } from "@/lib/routes"
import { openSnapshot } from "@/lib/sealed"

/**
 * The gate: decides for each request, before any page runs. Pages check again (`requireSession`), so that a request that
 * never came by here is refused all the same.
 */
export async function middleware(request: NextRequest): Promise<NextResponse> {
  const visit: Visit = { request, appUrl: appUrl(request.headers.get("host")), pathname: request.nextUrl.pathname }
  if (isPublic(visit.pathname)) return pass(visit)

  const start = performance.now()
  const cookie = sessionCookies(request.headers.get("cookie"))
  const reading = request.method === "GET" || request.method === "HEAD"
  const snapshot =
    reading && !isSensitive(visit.pathname)
      ? await openSnapshot(request.headers.get("cookie"), cookie, visit.appUrl)
      : undefined
  if (snapshot?.outcome === "active") return pass(visit, { verdict: snapshot, source: "snapshot", cookie, start })

  const { verdict, setCookies } = await whoami(cookie)
  // A server action carries a form: its own guard answers it, so that what was typed is not lost.
  const isAction = request.method === "POST" && request.headers.has("next-action")
  return verdict.outcome === "active" || isAction
    ? pass(visit, { verdict, source: "ory", cookie, start, setCookies })
    : refuse(visit, verdict)
}

export const config = { matcher: "/((?!_next/(?:static|image)/).*)" }
