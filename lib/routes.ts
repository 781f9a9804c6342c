import { publicFile } from "@/lib/public-files"

/**
 * Which paths need no session. Everything else is protected: a new page is, until it is listed here.
 * A path matches by whole segments, `/*` stands for everything below: `/auth/*` is not `/authors`.
 */
const PUBLIC = [
  "/",
  "/auth/*",
  "/unavailable",
  "/api/refresh-session",
  "/api/health",
  "/favicon.ico",
  "/icon.svg",
  "/apple-icon.png",
  "/opengraph-image.png",
  "/robots.txt",
  "/sitemap.xml",
  "/manifest.webmanifest",
]

/** Of the public paths, those that are made for each request: their scripts carry a nonce. */
const DYNAMIC_PUBLIC = ["/auth/*"]

/**
 * Ory's paths, which the gate forwards where the browser reaches Ory through this app: see `lib/ory-proxy.ts`. No page of this app
 * may have one of these names, wherever Ory is.
 */
const ORYS = [
  "/self-service",
  "/self-service/*",
  "/sessions",
  "/sessions/*",
  "/schemas",
  "/schemas/*",
  "/.well-known/ory",
  "/.well-known/ory/*",
]

/** Protected paths on which a snapshot is never good enough: Ory is asked for each request. */
const SENSITIVE = ["/account", "/account/*", "/api/account", "/api/account/*"]

/**
 * Protected pages whose server actions run without a session, to be answered by their own guard: a form then keeps what the
 * user typed. List pages only. On every other path a server action needs a session.
 */
const WITH_ACTIONS = ["/account", "/account/devices"]

export function isPublic(pathname: string): boolean {
  return matches(PUBLIC, pathname) || publicFile(pathname) !== undefined
}

/** Whether the page is built once, for everybody: it can have no nonce, and says nothing about who is signed in. */
export function isStatic(pathname: string): boolean {
  return isPublic(pathname) && !matches(DYNAMIC_PUBLIC, pathname)
}

export function isSensitive(pathname: string): boolean {
  return matches(SENSITIVE, pathname)
}

export function hasActions(pathname: string): boolean {
  return matches(WITH_ACTIONS, pathname)
}

export function isOrys(pathname: string): boolean {
  return matches(ORYS, pathname)
}

export function isApi(pathname: string): boolean {
  return matches(["/api/*"], pathname)
}

function matches(patterns: readonly string[], pathname: string): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith("/*") ? pathname.startsWith(pattern.slice(0, -1)) : pathname === pattern,
  )
}
