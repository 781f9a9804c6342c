import type { NextRequest, NextResponse } from "next/server"
import { env } from "@/lib/env"
import {
  endLoop,
  isForeignAction,
  mayUseSnapshot,
  pass,
  passPublic,
  refuse,
  refuseForeignAction,
  serveFile,
  startFlow,
} from "@/lib/gate"
import { withRequestId } from "@/lib/log"
import { whoami } from "@/lib/ory"
import { forward } from "@/lib/ory-proxy"
import { publicFile } from "@/lib/public-files"
import { judge } from "@/lib/refusals"
import { readGateRequest } from "@/lib/request"
import { isOryPath, paths } from "@/lib/routes"
import { openSnapshot } from "@/lib/sealed"
import { showNewFlow } from "@/lib/sign-in-page"
import { slide } from "@/lib/sliding"

/**
 * The gate: runs before every page and decides whether the request may pass. Pages check the session again (`requireSession`),
 * so a request that bypasses the gate is refused too.
 */
export default function gate(next: NextRequest): Promise<NextResponse> {
  return withRequestId(next.headers, () => decide(next))
}

async function decide(next: NextRequest): Promise<NextResponse> {
  const request = readGateRequest(next)
  const { access, isRead, kind, pathname } = request
  if (env.topology === "same-origin" && isOryPath(pathname))
    return (await forward(request)) ?? refuse(request, "unavailable")
  if (isForeignAction(request)) return refuseForeignAction(request)
  const file = publicFile(pathname)
  if (file !== undefined) return serveFile(request, file)
  if (pathname === paths.noSession) return endLoop(request)
  if (pathname === paths.forbidden) return passPublic(request, { status: 403 })
  if (access.public) return (await showNewFlow(request)) ?? startFlow(request) ?? passPublic(request)

  const start = performance.now()
  const snapshot = mayUseSnapshot(request) ? await openSnapshot(request, 1) : undefined
  // The snapshot may predate a step-up, so ask Ory before refusing.
  if (snapshot && judge(snapshot, access).session)
    return startFlow(request) ?? pass(request, { verdict: snapshot, source: "snapshot", start })

  const fresh = !mayUseSnapshot(request)
  const mayBeKnown = kind === "api" || kind === "subresource"
  const response = await whoami(request.credential, { fresh, shared: isRead, mayBeKnown })
  const checked = await slide(request, response)
  const { refusal } = judge(checked.verdict, access)
  // An action's own check refuses it, so that its form keeps what the user typed.
  if (refusal && request.kind !== "action") return refuse(request, refusal)
  return startFlow(request) ?? pass(request, { ...checked, source: "ory", start })
}

export const config = {
  matcher: [
    "/((?!_next/static/|_next/image$).*)",
    // Next runs server actions on these paths too. An empty `next-action` header matches nothing, so the content type matches it.
    { source: "/_next/static/:path*", has: [{ type: "header", key: "next-action" }] },
    { source: "/_next/static/:path*", has: [{ type: "header", key: "content-type" }] },
  ],
}
