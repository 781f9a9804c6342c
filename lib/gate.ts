import { NextResponse, type NextRequest } from "next/server"
import { env } from "@/lib/env"
import { contentSecurityPolicy, STRICT_TRANSPORT_SECURITY } from "@/lib/headers"
import type { Verdict } from "@/lib/ory"
import { loginUrl, PATH_HEADER, returnToPage } from "@/lib/return-to"
import { isApi, isStatic } from "@/lib/routes"
import { HANDOFF_HEADER, sealHandoff, sealSnapshot, snapshotCookie, withoutSnapshot } from "@/lib/sealed"

/** One request at the gate. `appUrl` is this app's origin for it. */
export interface Visit {
  request: NextRequest
  appUrl: string
  pathname: string
}

/** How the gate knows who someone is: `cookie` is the Cookie string that was judged, `start` the clock before. */
export interface Knowledge {
  verdict: Verdict
  source: "snapshot" | "ory"
  cookie: string
  start: number
  setCookies?: readonly string[]
}

/** Seconds after which to try again while Ory does not answer; the page `/unavailable` reloads as often. */
export const RETRY_SECONDS = 5

/** Lets the request through to its page, which is told its own path, its nonce, and what the gate knows. */
export async function pass(visit: Visit, known?: Knowledge): Promise<NextResponse> {
  const headers = new Headers(visit.request.headers)
  for (const name of [HANDOFF_HEADER, PATH_HEADER, "x-nonce", "content-security-policy"]) headers.delete(name)

  const nonce = isStatic(visit.pathname) ? undefined : btoa(crypto.randomUUID())
  if (nonce !== undefined) {
    // Next reads the nonce for its own scripts from the policy on the request.
    headers.set("content-security-policy", contentSecurityPolicy(nonce))
    headers.set("x-nonce", nonce)
  }
  if (known === undefined) return secured(visit, NextResponse.next({ request: { headers } }), nonce)

  headers.set(PATH_HEADER, returnPath(visit))
  if (known.source === "ory") {
    headers.set("cookie", withoutSnapshot(headers.get("cookie") ?? "", visit.appUrl))
    const handoff = await sealHandoff(known.verdict, known.cookie, visit.appUrl)
    if (handoff !== undefined) headers.set(HANDOFF_HEADER, handoff)
  }

  const response = NextResponse.next({ request: { headers } })
  if (known.source === "ory" && known.verdict.outcome === "active") {
    for (const setCookie of known.setCookies ?? []) response.headers.append("set-cookie", setCookie)
    const snapshot = await sealSnapshot(known.verdict.session, known.cookie, visit.appUrl)
    if (snapshot) response.headers.append("set-cookie", snapshotCookie(visit.appUrl, snapshot.value, snapshot.maxAge))
  }
  const duration = (performance.now() - known.start).toFixed(1)
  response.headers.set("server-timing", `session;desc=${known.source};dur=${duration}`)
  response.headers.set("cache-control", "private, no-store")
  return secured(visit, response, nonce)
}

/** Answers someone who may not pass, by the kind of their request. */
export function refuse(visit: Visit, verdict: Exclude<Verdict, { outcome: "active" }>): NextResponse {
  const response = refusal(visit, verdict)
  response.headers.set("cache-control", "private, no-store")
  if (verdict.outcome === "unavailable") response.headers.set("retry-after", String(RETRY_SECONDS))
  return secured(visit, response)
}

function refusal(visit: Visit, { outcome }: Exclude<Verdict, { outcome: "active" }>): NextResponse {
  if (isApi(visit.pathname)) return NextResponse.json(...apiError(outcome))
  if (outcome === "unavailable")
    return isPageLoad(visit.request)
      ? NextResponse.rewrite(new URL("/unavailable", visit.request.url), { status: 503 })
      : new NextResponse(null, { status: 503 })

  const back = visit.appUrl + returnPath(visit)
  const aal2 = outcome === "aal2_required"
  if (isPageLoad(visit.request)) return NextResponse.redirect(loginUrl(env.oryUrl, back, { aal2 }), 303)
  // A fetch may not be redirected to another origin (CORS); this origin's login page takes it from here.
  const login = new URL("/auth/login", visit.appUrl)
  if (aal2) login.searchParams.set("aal", "aal2")
  login.searchParams.set("return_to", back)
  return NextResponse.redirect(login, 303)
}

/** Status and body for an API client. The `code`s are stable. */
export function apiError(
  outcome: Exclude<Verdict["outcome"], "active">,
): [{ error: { code: string; message: string } }, { status: number }] {
  switch (outcome) {
    case "anonymous":
      return [{ error: { code: "unauthenticated", message: "There is no valid session. Sign in first." } }, { status: 401 }]
    case "aal2_required":
      return [{ error: { code: "session_aal2_required", message: "A second factor is due." } }, { status: 403 }]
    case "unavailable":
      return [{ error: { code: "ory_unavailable", message: "The session could not be checked. Try again." } }, { status: 503 }]
  }
}

/** Path and query of the page to come back to. An action posts to its own page. */
function returnPath({ request, appUrl, pathname }: Visit): string {
  const method = request.headers.has("next-action") ? "GET" : request.method
  const page = returnToPage(method, pathname + request.nextUrl.search, request.headers.get("referer"), appUrl)
  return page.slice(appUrl.length)
}

/**
 * Whether the browser is about to show the answer as a page. Next hides its own marks of a router fetch from the gate, so
 * this goes by what browsers say of every request, and by `Accept` for clients that say nothing. A prefetch is no visit.
 */
function isPageLoad(request: NextRequest): boolean {
  const purpose = request.headers.get("sec-purpose") ?? request.headers.get("purpose") ?? ""
  if (purpose.includes("prefetch")) return false
  const destination = request.headers.get("sec-fetch-dest")
  return destination === null
    ? (request.headers.get("accept") ?? "").includes("text/html")
    : destination === "document" || destination === "iframe"
}

function secured(visit: Visit, response: NextResponse, nonce?: string): NextResponse {
  response.headers.set("content-security-policy", contentSecurityPolicy(nonce))
  if (visit.appUrl.startsWith("https://")) response.headers.set("strict-transport-security", STRICT_TRANSPORT_SECURITY)
  return response
}
