import { NextResponse } from "next/server"
import { oryPublicUrl } from "@/lib/env"
import { log } from "@/lib/log"
import { browserCookie, isToken, renewedCookies, whoami, type Verdict } from "@/lib/ory"
import { countRedirect } from "@/lib/redirect-loop"
import { denied, REFUSALS, type Refusal } from "@/lib/refusals"
import { isSameOrigin, NONCE_HEADER, PATH_HEADER, SESSION_TOKEN_HEADER, type GateRequest } from "@/lib/request"
import { flowQuery, loginUrl, newFlowUrl, noSessionUrl, verificationPageUrl } from "@/lib/return-to"
import { isApi, isOryPath, paths } from "@/lib/routes"
import { HANDOFF_HEADER, hasSnapshot, sealHandoff, sealSnapshot, snapshotCookie, withoutSnapshot } from "@/lib/sealed"
import { contentSecurityPolicy, NO_STORE, secured } from "@/lib/security-headers"
import { extendsAt } from "@/lib/sliding"

/** The result of the gate's session check. */
export interface SessionCheck {
  verdict: Verdict
  source: "snapshot" | "ory"
  /** `performance.now()` before the check. */
  start: number
  /** `Set-Cookie` values that Ory sent for the browser. */
  setCookies?: readonly string[]
  /** When the session began. */
  issuedAt?: string
}

/** Seconds after which a client may try again while Ory is unreachable. The page `/unavailable` tries as often. */
export const RETRY_SECONDS = 5

/** Whether a snapshot is sufficient: for a browser that reads a path that is not sensitive. */
export function mayUseSnapshot({ isRead, access, credential }: GateRequest): boolean {
  return isRead && !access.sensitive && !isToken(credential)
}

/**
 * Whether no page of this app can have sent this server action: another site sent it, or it goes to a path below `/_next`. Next
 * would respond with status 500 to both.
 */
export function isForeignAction(request: GateRequest): boolean {
  const { headers, pathname } = request
  // For a path below `/_next/data`, the gate sees the path without that prefix, and Next sets `x-nextjs-data`.
  if (headers.has("next-action") && (pathname.startsWith("/_next/") || headers.has("x-nextjs-data"))) return true
  const isForeign = headers.has("origin") && !isSameOrigin(request)
  const isForm = headers.has("next-action") || (headers.get("content-type") ?? "").startsWith("multipart/form-data")
  return request.next.method === "POST" && isForeign && isForm && !isApi(pathname)
}

/** Serves a file in `public/`. Next hides suffixes such as `.rsc` from the gate, so only a rewrite ensures that no page is served. */
export function serveFile({ next, appUrl, isRead }: GateRequest, file: string): NextResponse {
  const response = isRead
    ? NextResponse.rewrite(new URL(file, next.url), { request: { headers: withoutGateHeaders(next.headers) } })
    : new NextResponse(null, { status: 405, headers: { allow: "GET, HEAD" } })
  return secured(response, appUrl)
}

/**
 * Passes a request for a public path on to its page.
 *
 * @param change.status For a page that has another status than 200.
 * @param change.url The URL that the page gets in place of the request's.
 * @param change.cookie The `Cookie` header that the page gets in place of the request's.
 */
export function passPublic(
  request: GateRequest,
  { status, url, cookie }: { status?: number; url?: string; cookie?: string } = {},
): NextResponse {
  const { headers, nonce } = headersForPage(request)
  if (cookie !== undefined) headers.set("cookie", cookie)
  const response =
    status !== undefined
      ? showWithStatus(request.next.nextUrl.href, status, headers)
      : url !== undefined
        ? NextResponse.rewrite(url, { request: { headers } })
        : NextResponse.next({ request: { headers } })
  if (url !== undefined) response.headers.set("cache-control", NO_STORE["cache-control"])
  if (request.access.endsSnapshot && hasSnapshot(request)) {
    response.headers.append("set-cookie", snapshotCookie(request.appUrl, "", 0))
    response.headers.set("cache-control", NO_STORE["cache-control"])
  }
  return secured(response, request.appUrl, nonce)
}

/**
 * Shows a page with another status than 200. Next ignores the status of a rewrite for a page that it has prerendered, even where
 * nothing of the page was prerendered. It renders whole pages for the crawlers in `htmlLimitedBots`, and then keeps the status. So
 * the page gets this request as one of theirs. See docs/decisions/the-gate-sets-the-status.md.
 */
function showWithStatus(url: string, status: number, headers: Headers): NextResponse {
  headers.set("user-agent", "Bingbot")
  return NextResponse.rewrite(url, { status, request: { headers } })
}

/**
 * Redirects a page load without a flow to Ory, which creates one and returns. Undefined for other requests: a fetch of Next's
 * router can't follow a redirect to another origin, so the page itself tells the router.
 */
export function startFlow({
  next,
  appUrl,
  sessionCookies,
  access,
  kind,
  isRead,
}: GateRequest): NextResponse | undefined {
  const { searchParams } = next.nextUrl
  if (!access.flow || kind !== "page" || !isRead || searchParams.getAll("flow").length === 1) return undefined
  const query = flowQuery(searchParams)
  return redirect(newFlowUrl(access.flow, oryPublicUrl(appUrl), query, { appUrl, sessionCookies }), appUrl)
}

/** A redirect that depends on the user. */
export function redirect(url: string, appUrl: string): NextResponse {
  return secured(NextResponse.redirect(url, { status: 303, headers: NO_STORE }), appUrl)
}

/**
 * Serves `/auth/no-session`, which ends a redirect loop with status 401. Browsers that have a session continue to the page that they
 * came for.
 */
export async function endLoop(request: GateRequest): Promise<NextResponse> {
  const { verdict } = await whoami(request.sessionCookies)
  if (verdict.outcome === "anonymous") return passPublic(request, { status: 401 })
  if (verdict.outcome !== "active") return refuse(request, verdict.outcome)
  return redirect(request.appUrl + request.path, request.appUrl)
}

/** Passes a request for a protected path on to its page, with the result of the session check sealed in a header. */
export async function pass(request: GateRequest, check: SessionCheck): Promise<NextResponse> {
  const { appUrl, sessionCookies, credential } = request
  const { verdict, source, setCookies = [] } = check
  const { headers, nonce } = headersForPage(request)
  headers.set(PATH_HEADER, request.path)
  if (source === "ory") {
    headers.set("cookie", withoutSnapshot(headers.get("cookie") ?? "", appUrl))
    const handoff = await sealHandoff(verdict, credential, appUrl)
    if (handoff !== undefined) headers.set(HANDOFF_HEADER, handoff)
  }
  // Next runs a forwarded action without also rendering the page, even when the action calls `refresh()`.
  if (verdict.outcome !== "active") headers.set("x-action-forwarded", "1")

  const response = NextResponse.next({ request: { headers } })
  if (source === "ory" && verdict.outcome === "active" && !isToken(credential)) {
    for (const setCookie of setCookies) {
      const cookie = browserCookie(setCookie, appUrl)
      if (cookie !== undefined) response.headers.append("set-cookie", cookie)
    }
    // A request that may change something removes the snapshot, so that the next page shows the change.
    const snapshot = mayUseSnapshot(request)
      ? await sealSnapshot(
          verdict.session,
          renewedCookies(sessionCookies, setCookies),
          appUrl,
          extendsAt(verdict.session, check.issuedAt),
        )
      : { value: "", maxAge: 0 }
    if (snapshot) response.headers.append("set-cookie", snapshotCookie(appUrl, snapshot.value, snapshot.maxAge))
  }
  const duration = (performance.now() - check.start).toFixed(1)
  response.headers.set("server-timing", `session;desc=${source};dur=${duration}`)
  response.headers.set("cache-control", NO_STORE["cache-control"])
  return secured(response, appUrl, nonce)
}

/** The request's headers for the page. Unless the page is prerendered, they carry its nonce. */
function headersForPage({ next, access, credential }: GateRequest): {
  headers: Headers
  nonce: string | undefined
} {
  const headers = withoutGateHeaders(next.headers)
  if (!isToken(credential)) headers.delete(SESSION_TOKEN_HEADER)
  if (access.public && !access.dynamic) return { headers, nonce: undefined }
  const nonce = btoa(crypto.randomUUID())
  // Next reads the nonce for its own scripts from this header of the request.
  headers.set("content-security-policy", contentSecurityPolicy(nonce))
  headers.set(NONCE_HEADER, nonce)
  return { headers, nonce }
}

/** The headers without those that only the gate may set. */
function withoutGateHeaders(headers: Headers): Headers {
  const kept = new Headers(headers)
  for (const name of [HANDOFF_HEADER, PATH_HEADER, NONCE_HEADER, "content-security-policy"]) kept.delete(name)
  return kept
}

/** Refusals of the gate by the session check. */
type Refused = Exclude<Refusal, "cross_site">

/** The response to a request whose session does not meet the requirements of its path. */
export function refuse(request: GateRequest, outcome: Refused): NextResponse {
  const { headers, nonce } = headersForPage(request)
  const response = refusal(request, outcome, headers)
  response.headers.set("cache-control", NO_STORE["cache-control"])
  if (outcome === "unavailable") response.headers.set("retry-after", String(RETRY_SECONDS))
  return secured(response, request.appUrl, nonce)
}

/** The response to a server action that no page of this app sent. */
export function refuseForeignAction({ appUrl }: GateRequest): NextResponse {
  return secured(new NextResponse(null, { status: REFUSALS.cross_site.status, headers: NO_STORE }), appUrl)
}

function refusal(request: GateRequest, outcome: Refused, headersForPage: Headers): NextResponse {
  const { kind, pathname } = request
  const { status, ...error } = denied(outcome, request)
  if (kind === "api" || (kind !== "page" && isOryPath(pathname))) return NextResponse.json({ error }, { status })
  if (kind === "subresource") {
    if (outcome === "anonymous") explainSubresource(request)
    return new NextResponse(null, { status })
  }
  if (outcome === "unavailable") return showRefusal(request, status, paths.unavailable, headersForPage)
  if (outcome === "forbidden") return showRefusal(request, status, paths.forbidden, headersForPage)
  return redirectToCure(request, outcome)
}

/** Shows the page of a refusal that the user cannot cure, at the URL of the request. */
function showRefusal(
  { next, appUrl, kind, path, pathname, isRead }: GateRequest,
  status: number,
  page: string,
  headersForPage: Headers,
): NextResponse {
  // The router then loads the page.
  if (kind !== "page") return new NextResponse(null, { status })
  // After a POST, Next would look up the form's action on this page. Redirect to the form's page: its GET shows the refusal.
  if (!isRead && !isOryPath(pathname)) return NextResponse.redirect(appUrl + path, 303)
  return showWithStatus(new URL(page, next.url).href, status, headersForPage)
}

/** Redirects to the page where the user can meet the requirement. */
function redirectToCure(
  { headers, appUrl, kind, path }: GateRequest,
  refused: Exclude<Refused, "unavailable" | "forbidden">,
): NextResponse {
  const page = appUrl + path
  if (refused === "verification_required") return NextResponse.redirect(verificationPageUrl(page, appUrl), 303)
  const aal2 = refused === "aal2_required"
  const refresh = refused === "refresh_required"
  if (kind !== "page") {
    // A fetch can't follow a redirect to another origin (CORS). The login page on this origin continues to Ory.
    const login = new URL(paths.login, appUrl)
    if (aal2) login.searchParams.set("aal", "aal2")
    if (refresh) login.searchParams.set("refresh", "true")
    login.searchParams.set("return_to", page)
    return NextResponse.redirect(login, 303)
  }
  const oryUrl = oryPublicUrl(appUrl)
  if (refused !== "anonymous") return NextResponse.redirect(loginUrl(oryUrl, page, { aal2, refresh }), 303)
  const { mayLoop, setCookie } = countRedirect(headers.get("cookie"), appUrl)
  const response = NextResponse.redirect(loginUrl(oryUrl, mayLoop ? noSessionUrl(page, appUrl) : page), 303)
  response.headers.append("set-cookie", setCookie)
  return response
}

const explained = new Set<string>()

/** In development, logs once for each path how to make it public. */
function explainSubresource({ headers, pathname }: GateRequest): void {
  if (process.env.NODE_ENV !== "development" || explained.has(pathname)) return
  explained.add(pathname)
  log(
    "warn",
    "file_needs_session",
    `${pathname} needs a session, so a signed-out request for it (${headers.get("sec-fetch-dest") ?? ""}) got 401. ` +
      "To serve it without a session, put the file into public/, or list the path in lib/routes.ts.",
    { path: pathname },
  )
}
