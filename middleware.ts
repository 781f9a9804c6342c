import type { NextRequest, NextResponse } from "next/server"
import { env } from "@/lib/env"
import { isForeignAction, mayUseSnapshot, pass, passPublic, refuse, refuseForeignAction, serveFile } from "@/lib/gate"
import { whoami } from "@/lib/ory"
import { forward } from "@/lib/ory-proxy"
import { publicFile } from "@/lib/public-files"
import { readGateRequest } from "@/lib/request"
import { isOryPath, isPublic, paths } from "@/lib/routes"
import { openSnapshot } from "@/lib/sealed"

/**
 * The gate: runs before every page and decides whether the request may pass. Pages check the session again (`requireSession`),
 * so a request that bypasses the gate is refused too.
 */
export default async function gate(next: NextRequest): Promise<NextResponse> {
  const request = readGateRequest(next)
  const { pathname } = request
  if (env.topology === "same-origin" && isOryPath(pathname))
    return (await forward(request)) ?? refuse(request, "unavailable")
  if (isForeignAction(request)) return refuseForeignAction(request)
  const file = publicFile(pathname)
  if (file !== undefined) return serveFile(request, file)
  // This page ends a redirect loop. It is public, but its status depends on the session.
  const isNoSession = pathname === paths.noSession
  if (isPublic(pathname) && !isNoSession) return passPublic(request)

  const start = performance.now()
  const snapshot = mayUseSnapshot(request) ? await openSnapshot(request, 1) : undefined
  if (snapshot?.outcome === "active") return pass(request, { verdict: snapshot, source: "snapshot", start })

  const { verdict, setCookies } = await whoami(request.sessionCookies)
  if (isNoSession && verdict.outcome === "anonymous") return passPublic(request, 401)
  return verdict.outcome === "active" || request.kind === "action"
    ? pass(request, { verdict, source: "ory", start, setCookies })
    : refuse(request, verdict.outcome)
}

export const config = {
  matcher: [
    "/((?!_next/static/|_next/image$).*)",
    // Next runs server actions on these paths too. An empty `next-action` header matches nothing, so the content type matches it.
    { source: "/_next/static/:path*", has: [{ type: "header", key: "next-action" }] },
    { source: "/_next/static/:path*", has: [{ type: "header", key: "content-type" }] },
  ],
}
