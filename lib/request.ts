import type { NextRequest } from "next/server"
import { appUrl } from "@/lib/env"
import { flowCookies, sessionCookies, tokenCredential } from "@/lib/ory"
import { returnTo, withoutRouterQuery } from "@/lib/return-to"
import { accessTo, isApi, type Access } from "@/lib/routes"

/** The gate sends a page its own path and query in this header. The gate drops the header when a client sends it. */
export const PATH_HEADER = "x-request-path"

/** The gate sends a page the nonce of its Content-Security-Policy in this header. */
export const NONCE_HEADER = "x-nonce"

/** Native clients send their session token in this header. The gate drops it unless the request is for `/api` and has no session cookie. */
export const SESSION_TOKEN_HEADER = "x-session-token"

/** One request. Pages, actions and route handlers get it from `currentRequest()`. */
export interface AppRequest {
  headers: Pick<Headers, "get" | "has">
  /** This app's own origin for the request, from `APP_URL`. */
  appUrl: string
  /** Path and query of the page to return to. Null when the request did not pass the gate. */
  path: string | null
  /** Ory's session cookies, as a `Cookie` header. Empty when there are none. */
  sessionCookies: string
  /**
   * The credential that Ory checks. It is the session cookies. If there are none, it is the session token that a native client sends
   * to `/api` in `X-Session-Token`. Empty when there is neither.
   */
  credential: string
  /** Ory's session cookies and the cookies of its flows, as a `Cookie` header. */
  flowCookies: string
  /** Nonce for the scripts of the page. */
  nonce: string | null
}

/**
 * How the client uses the response.
 * - `page`: the browser shows it
 * - `prefetch`: the browser may show it later
 * - `fetch`: a script reads it, for example Next's router
 * - `subresource`: an image, a style sheet, a script and so on
 * - `action`: it runs a server action and nothing else
 * - `api`: a client of `/api`
 */
export type RequestKind = "page" | "prefetch" | "fetch" | "subresource" | "action" | "api"

/** One request at the gate. */
export interface GateRequest extends AppRequest {
  path: string
  pathname: string
  /** What the path requires. */
  access: Access
  kind: RequestKind
  /** GET or HEAD. */
  isRead: boolean
  next: NextRequest
}

/** The request with these headers. */
export function readRequest(headers: AppRequest["headers"]): AppRequest {
  const cookies = headers.get("cookie")
  const ownCookies = sessionCookies(cookies)
  return {
    headers,
    appUrl: appUrl(headers.get("host")),
    path: headers.get(PATH_HEADER),
    sessionCookies: ownCookies,
    credential: ownCookies === "" ? tokenCredential(headers.get(SESSION_TOKEN_HEADER)) : ownCookies,
    flowCookies: flowCookies(cookies),
    nonce: headers.get(NONCE_HEADER),
  }
}

/** The request at the gate, which trusts none of the headers above. */
export function readGateRequest(next: NextRequest): GateRequest {
  const request = readRequest(next.headers)
  const { pathname, search } = next.nextUrl
  const access = accessTo(pathname)
  const isRead = next.method === "GET" || next.method === "HEAD"
  // An action posts to its own page. Any other POST returns to the page that sent it.
  const isOwnPage = isRead || next.headers.has("next-action")
  const page = isOwnPage ? withoutRouterQuery(pathname + search) : next.headers.get("referer")
  return {
    ...request,
    path: returnTo(page, request.appUrl).slice(request.appUrl.length),
    nonce: null,
    credential: isApi(pathname) ? request.credential : request.sessionCookies,
    pathname,
    access,
    kind: kindOf(next, access, request.appUrl),
    isRead,
    next,
  }
}

/** Whether this app's own pages sent the request, by its `Origin`. Clients that send no `Origin` are refused as well. */
export function isSameOrigin({ headers, appUrl }: Pick<AppRequest, "headers" | "appUrl">): boolean {
  // https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
  return headers.get("origin") === appUrl
}

/** Whether the browser fetches this ahead of time. */
export function isPrefetch(headers: AppRequest["headers"]): boolean {
  return (headers.get("sec-purpose") ?? headers.get("purpose") ?? "").includes("prefetch")
}

function kindOf(next: NextRequest, access: Access, appUrl: string): RequestKind {
  const { headers, nextUrl } = next
  if (isApi(nextUrl.pathname)) return "api"
  if (access.actions && isAction(next, appUrl)) return "action"
  // Next hides its own headers from the gate, so this reads what browsers send, or `Accept` for other clients.
  const html = (headers.get("accept") ?? "").includes("text/html")
  const destination = headers.get("sec-fetch-dest") ?? (html ? "document" : "empty")
  if (!["document", "iframe", "empty"].includes(destination)) return "subresource"
  if (isPrefetch(headers)) return "prefetch"
  return destination === "empty" ? "fetch" : "page"
}

/**
 * Whether the request can run a server action and nothing else. Only such a request passes the gate without a session: the
 * action's own check refuses it. `next.config.ts` redirects requests that look the same to the gate but make Next render the page.
 */
function isAction({ method, headers }: NextRequest, appUrl: string): boolean {
  return (
    method === "POST" &&
    // In the id of a `"use cache"` function, the first bit is set.
    /^[0-7][0-9a-f]{41}$/.test(headers.get("next-action") ?? "") &&
    // Next's client sends these two types. For `application/x-www-form-urlencoded`, Next renders the page.
    /^(multipart\/form-data|text\/plain)\b/.test(headers.get("content-type") ?? "") &&
    isSameOrigin({ headers, appUrl })
  )
}
