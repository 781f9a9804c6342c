import type { NextRequest } from "next/server"
// From "next/server" comes the same class, and with it a parser of user agents: 7 kB of the gate, gzipped.
import { NextResponse } from "next/dist/server/web/spec-extension/response"
import { oryPublicUrl } from "@/lib/env"
import { contentSecurityPolicy, STRICT_TRANSPORT_SECURITY } from "@/lib/security-headers"
import { isSameOrigin } from "@/lib/origin"
import { browserCookie, type Verdict } from "@/lib/ory"
import { publicFile } from "@/lib/public-files"
import { countRedirect } from "@/lib/redirect-loop"
import { loginUrl, noSessionUrl, PATH_HEADER, returnToPage } from "@/lib/return-to"
import { hasActions, isApi, isOrys, isSensitive, isStatic } from "@/lib/routes"
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

/** Whether a snapshot is good enough: for reading, and not on a sensitive path. */
export function mayUseSnapshot({ request, pathname }: Visit): boolean {
  return reads(request) && !isSensitive(pathname)
}

/**
 * Whether the request can run a server action and nothing else. Only such a request passes without an active session: the
 * action's own guard answers it, so that its form keeps what the user typed. `next.config.ts` redirects the requests that
 * look like one but make Next render the page: the gate cannot tell them apart.
 */
export function isAction({ request: { method, headers }, appUrl, pathname }: Visit): boolean {
  return (
    method === "POST" &&
    hasActions(pathname) &&
    // The first bit of an id would be set for a `"use cache"` function.
    /^[0-7][0-9a-f]{41}$/.test(headers.get("next-action") ?? "") &&
    // The two types that Next's client sends. Next renders a page for `application/x-www-form-urlencoded`.
    /^(multipart\/form-data|text\/plain)\b/.test(headers.get("content-type") ?? "") &&
    isSameOrigin(headers, appUrl)
  )
}

/**
 * Whether no page of this app can have sent this server action: another site did, or it goes to a path below `/_next`. Next
 * would answer either with status 500.
 */
export function isForeignAction({ request: { method, headers }, appUrl, pathname }: Visit): boolean {
  // Next sets `x-nextjs-data` for a path below `/_next/data`, which the gate sees without that prefix.
  if (headers.has("next-action") && (pathname.startsWith("/_next/") || headers.has("x-nextjs-data"))) return true
  const foreign = headers.has("origin") && !isSameOrigin(headers, appUrl)
  const form = headers.has("next-action") || (headers.get("content-type") ?? "").startsWith("multipart/form-data")
  return method === "POST" && foreign && form && !isApi(pathname)
}

function reads({ method }: NextRequest): boolean {
  return method === "GET" || method === "HEAD"
}

/**
 * Lets the request through to its page, which is told its own path, its nonce, and what the gate knows.
 *
 * @param status For a page that is public, and has another status than 200.
 */
export async function pass(visit: Visit, known?: Knowledge, status?: number): Promise<NextResponse> {
  const headers = new Headers(visit.request.headers)
  for (const name of [HANDOFF_HEADER, PATH_HEADER, "x-nonce", "content-security-policy"]) headers.delete(name)

  const nonce = isStatic(visit.pathname) ? undefined : btoa(crypto.randomUUID())
  if (nonce !== undefined) {
    // Next reads the nonce for its own scripts from the policy on the request.
    headers.set("content-security-policy", contentSecurityPolicy(nonce))
    headers.set("x-nonce", nonce)
  }
  if (known === undefined) {
    const file = publicFile(visit.pathname)
    if (file !== undefined) return secured(visit, serveFile(visit, file, headers))
    // Only a rewrite can set a status.
    const { nextUrl } = visit.request
    const response =
      status === undefined
        ? NextResponse.next({ request: { headers } })
        : NextResponse.rewrite(nextUrl, { status, request: { headers } })
    return secured(visit, response, nonce)
  }

  headers.set(PATH_HEADER, returnPath(visit))
  if (known.source === "ory") {
    headers.set("cookie", withoutSnapshot(headers.get("cookie") ?? "", visit.appUrl))
    const handoff = await sealHandoff(handedOver(visit, known.verdict), known.cookie, visit.appUrl)
    if (handoff !== undefined) headers.set(HANDOFF_HEADER, handoff)
  }
  // Next runs a forwarded action without rendering the page in the same response, as `refresh()` would have it.
  if (known.verdict.outcome !== "active") headers.set("x-action-forwarded", "1")

  const response = NextResponse.next({ request: { headers } })
  if (known.source === "ory" && known.verdict.outcome === "active") {
    for (const setCookie of known.setCookies ?? []) {
      const cookie = browserCookie(setCookie, visit.appUrl)
      if (cookie !== undefined) response.headers.append("set-cookie", cookie)
    }
    // Where something may be about to change, the snapshot goes: the next page shows the change.
    const snapshot = mayUseSnapshot(visit)
      ? await sealSnapshot(known.verdict.session, known.cookie, visit.appUrl)
      : { value: "", maxAge: 0 }
    if (snapshot) response.headers.append("set-cookie", snapshotCookie(visit.appUrl, snapshot.value, snapshot.maxAge))
  }
  const duration = (performance.now() - known.start).toFixed(1)
  response.headers.set("server-timing", `session;desc=${known.source};dur=${duration}`)
  response.headers.set("cache-control", "private, no-store")
  return secured(visit, response, nonce)
}

/** Next hides suffixes such as `.rsc` from the gate, so only a rewrite makes sure that it serves the file and never a page. */
function serveFile({ request }: Visit, file: string, headers: Headers): NextResponse {
  if (!reads(request)) return new NextResponse(null, { status: 405, headers: { allow: "GET, HEAD" } })
  return NextResponse.rewrite(new URL(file, request.url), { request: { headers } })
}

/** Pages about the account itself show all that Ory knows of it; every other page does with the session. */
function handedOver({ pathname }: Visit, verdict: Verdict): Verdict {
  return verdict.outcome === "active" && !isSensitive(pathname) ? { ...verdict, whole: undefined } : verdict
}

/** Answers someone who may not pass, by the kind of their request. */
export function refuse(visit: Visit, verdict: Exclude<Verdict, { outcome: "active" }>): NextResponse {
  const response = refusal(visit, verdict)
  response.headers.set("cache-control", "private, no-store")
  if (verdict.outcome === "unavailable") response.headers.set("retry-after", String(RETRY_SECONDS))
  return secured(visit, response)
}

/** The response to a server action that no page of this app sent. */
export function refuseForeign(visit: Visit): NextResponse {
  return secured(visit, new NextResponse(null, { status: 403, headers: { "cache-control": "private, no-store" } }))
}

function refusal(visit: Visit, { outcome }: Exclude<Verdict, { outcome: "active" }>): NextResponse {
  if (isApi(visit.pathname) || (isOrys(visit.pathname) && !isPageLoad(visit.request)))
    return NextResponse.json(...apiError(CODES[outcome]))
  if (isSubresource(visit.request)) {
    if (outcome === "anonymous") explainSubresource(visit)
    return new NextResponse(null, { status: STATUS[CODES[outcome]] })
  }
  if (outcome === "unavailable") {
    if (!isPageLoad(visit.request)) return new NextResponse(null, { status: 503 })
    // Next would look for a form's action on the page that says so: the form's own page, asked for anew, says it.
    if (!reads(visit.request) && !isOrys(visit.pathname))
      return NextResponse.redirect(visit.appUrl + returnPath(visit), 303)
    return NextResponse.rewrite(new URL("/unavailable", visit.request.url), { status: 503 })
  }

  const back = visit.appUrl + returnPath(visit)
  const aal2 = outcome === "aal2_required"
  if (isPageLoad(visit.request)) {
    if (aal2) return NextResponse.redirect(loginUrl(oryPublicUrl(visit.appUrl), back, { aal2 }), 303)
    const { mayLoop, setCookie } = countRedirect(visit.request.headers.get("cookie"), visit.appUrl)
    const next = mayLoop ? noSessionUrl(back, visit.appUrl) : back
    const response = NextResponse.redirect(loginUrl(oryPublicUrl(visit.appUrl), next), 303)
    response.headers.append("set-cookie", setCookie)
    return response
  }
  // A fetch may not be redirected to another origin (CORS); this origin's login page takes it from here.
  const login = new URL("/auth/login", visit.appUrl)
  if (aal2) login.searchParams.set("aal", "aal2")
  login.searchParams.set("return_to", back)
  return NextResponse.redirect(login, 303)
}

/** Why someone may not pass: what is known of their session, or that it is not recent enough for what they ask. */
export type Refusal = Exclude<Verdict["outcome"], "active"> | "refresh_required"

/** What API clients and forms branch on. Stable, and Ory's own where Ory has one. */
export const CODES = {
  anonymous: "unauthenticated",
  aal2_required: "session_aal2_required",
  refresh_required: "session_refresh_required",
  unavailable: "ory_unavailable",
} as const satisfies Record<Refusal, string>

export type Code = (typeof CODES)[Refusal]

const MESSAGES: Record<Code, string> = {
  unauthenticated: "There is no valid session. Sign in first.",
  session_aal2_required: "A second factor is due.",
  session_refresh_required: "The sign-in is too long ago for this. Sign in again first.",
  ory_unavailable: "The session could not be checked. Try again.",
}

const STATUS: Record<Code, number> = {
  unauthenticated: 401,
  session_aal2_required: 403,
  session_refresh_required: 403,
  ory_unavailable: 503,
}

/** Status and body for an API client. */
export function apiError(code: Code): [{ error: { code: Code; message: string } }, { status: number }] {
  return [{ error: { code, message: MESSAGES[code] } }, { status: STATUS[code] }]
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
  if (isPrefetch(request)) return false
  const destination = request.headers.get("sec-fetch-dest")
  return destination === null
    ? (request.headers.get("accept") ?? "").includes("text/html")
    : destination === "document" || destination === "iframe"
}

/** Whether the browser wants an image, a style sheet, a script or the like. A redirect to a sign-in page is of no use to these. */
function isSubresource({ headers }: NextRequest): boolean {
  return !["document", "iframe", "empty"].includes(headers.get("sec-fetch-dest") ?? "empty")
}

const explained = new Set<string>()

/** In development, says once for each path how to make it public. */
function explainSubresource({ request, pathname }: Visit): void {
  if (process.env.NODE_ENV !== "development" || explained.has(pathname)) return
  explained.add(pathname)
  console.warn(
    `${pathname} needs a session, so a signed-out request for it (${request.headers.get("sec-fetch-dest") ?? ""}) got 401. ` +
      "To serve it without a session, put the file into public/, or list the path in lib/routes.ts.",
  )
}

/** Whether the browser fetches this ahead of time, for a visit that may never be. */
export function isPrefetch({ headers }: NextRequest): boolean {
  return (headers.get("sec-purpose") ?? headers.get("purpose") ?? "").includes("prefetch")
}

export function secured(visit: Visit, response: NextResponse, nonce?: string): NextResponse {
  response.headers.set("content-security-policy", contentSecurityPolicy(nonce))
  if (visit.appUrl.startsWith("https://")) response.headers.set("strict-transport-security", STRICT_TRANSPORT_SECURITY)
  return response
}
