/**
 * The path of each page and route handler. To rename a page, change its line here and move its folder in `app/`. Ory knows the
 * pages for sign-in and settings too: a test compares this table with `ory/kratos.yml`.
 */
export const paths = {
  home: "/",
  dashboard: "/dashboard",
  account: "/account",
  devices: "/account/devices",
  settings: "/account/settings",
  data: "/account/data",
  login: "/auth/login",
  registration: "/auth/registration",
  recovery: "/auth/recovery",
  verification: "/auth/verification",
  error: "/auth/error",
  noSession: "/auth/no-session",
  signOut: "/auth/sign-out",
  signedOut: "/auth/signed-out",
  unavailable: "/unavailable",
  accountDataApi: "/api/account/data",
  healthApi: "/api/health",
  meApi: "/api/me",
  refreshSession: "/api/refresh-session",
} as const

/**
 * Paths that need no session, besides the files in `public/`. Every other path is protected, so a new page is too until you list it here.
 * A path matches whole segments. `/*` matches everything below: `/auth/*` does not match `/authors`.
 */
const PUBLIC = [
  paths.home,
  "/auth/*",
  paths.unavailable,
  paths.refreshSession,
  paths.healthApi,
  "/favicon.ico",
  "/icon.svg",
  "/apple-icon.png",
  "/opengraph-image.png",
  "/robots.txt",
  "/sitemap.xml",
  "/manifest.webmanifest",
]

/** Public paths whose pages are rendered for each request. Their scripts carry a nonce. */
const DYNAMIC_PUBLIC = ["/auth/*"]

/**
 * Ory's paths. In the same-origin topology, the gate forwards them to Ory (`lib/ory-proxy.ts`). In any topology, no page of this
 * app may use one of these names.
 */
const ORY_PATHS = [
  "/self-service",
  "/self-service/*",
  "/sessions",
  "/sessions/*",
  "/schemas",
  "/schemas/*",
  "/.well-known/ory",
  "/.well-known/ory/*",
]

/** Protected paths that never use a snapshot: each request asks Ory. */
const SENSITIVE = [paths.account, "/account/*", "/api/account", "/api/account/*"]

/**
 * Protected pages whose server actions run without a session. The action's own check refuses it, so that the form keeps what
 * the user typed. List pages only. On every other path, a server action needs a session.
 */
const WITH_ACTIONS = [paths.account, paths.devices]

export function isPublic(pathname: string): boolean {
  return matches(PUBLIC, pathname)
}

/** Whether the page is prerendered, the same for every visitor. Its scripts have no nonce. */
export function isStatic(pathname: string): boolean {
  return isPublic(pathname) && !matches(DYNAMIC_PUBLIC, pathname)
}

export function isSensitive(pathname: string): boolean {
  return matches(SENSITIVE, pathname)
}

export function hasActions(pathname: string): boolean {
  return matches(WITH_ACTIONS, pathname)
}

export function isOryPath(pathname: string): boolean {
  return matches(ORY_PATHS, pathname)
}

export function isApi(pathname: string): boolean {
  return matches(["/api/*"], pathname)
}

function matches(patterns: readonly string[], pathname: string): boolean {
  return patterns.some((pattern) =>
    pattern.endsWith("/*") ? pathname.startsWith(pattern.slice(0, -1)) : pathname === pattern,
  )
}
