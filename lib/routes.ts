import type { Role } from "@/lib/roles"

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
  deleteAccount: "/account/delete",
  login: "/auth/login",
  registration: "/auth/registration",
  recovery: "/auth/recovery",
  verification: "/auth/verification",
  error: "/auth/error",
  noSession: "/auth/no-session",
  signOut: "/auth/sign-out",
  signedOut: "/auth/signed-out",
  deleteAccountForm: "/auth/delete-account",
  accountDeleted: "/auth/account-deleted",
  admin: "/admin",
  members: "/members",
  forbidden: "/forbidden",
  unavailable: "/unavailable",
  accountDataApi: "/api/account/data",
  healthApi: "/api/health",
  meApi: "/api/me",
  userApi: "/api/user",
  tokenApi: "/api/token",
  refreshSession: "/api/refresh-session",
  changePassword: "/.well-known/change-password",
  passkeyEndpoints: "/.well-known/passkey-endpoints",
  jwks: "/.well-known/jwks.json",
} as const

/** The kinds of flow that have a page. https://www.ory.com/docs/kratos/self-service */
export type FlowKind = "login" | "registration" | "recovery" | "verification" | "settings"

/** What a path requires, and how the gate treats it. */
export interface Access {
  /** Needs no session. The page is prerendered, the same for every visitor, unless it is `dynamic`. */
  public?: true
  /** Public and rendered for each request, so that its scripts can carry a nonce. */
  dynamic?: true
  /** Asks Ory for each request: a snapshot is not sufficient. */
  sensitive?: true
  /** The session may change here, so the page ends the browser's snapshot. */
  endsSnapshot?: true
  /** The user signed in with a second factor. Users without one are sent to enrol it. */
  aal?: "aal2"
  /** The user signed in at most this many seconds ago. */
  maxAgeSeconds?: number
  /** The user has confirmed the email address. Other users are sent to confirm it. */
  verified?: true
  /** The user has this role. Such a path is always `sensitive`, so that a role ends at once. */
  role?: Role
  /** Shows a flow of Ory's. For a page load without a flow, the gate creates one, or redirects to Ory, which creates one. */
  flow?: FlowKind
  /**
   * A page whose server actions pass the gate without a session. Each of its actions calls `checkAction()`, which refuses the request
   * so that the form keeps what the user typed. On every other path, a server action needs a session.
   */
  actions?: true
}

/**
 * What paths require. The gate applies this table before a page begins, because a page can no longer set its status. Each page checks
 * the session again. A path that matches no pattern requires a session, so a new page is protected until you list it here. Files in
 * `public/` need no session.
 *
 * A pattern matches whole segments. `/*` matches everything below: `/auth/*` does not match `/authors`. A path has the properties of
 * all patterns that match it.
 */
const ACCESS: readonly (readonly [pattern: string, access: Access])[] = [
  [paths.home, { public: true }],
  // Dynamic, so that it can have the status 503.
  [paths.unavailable, { public: true, dynamic: true }],
  // Dynamic, so that it can have the status 403.
  [paths.forbidden, { public: true, dynamic: true }],
  [paths.refreshSession, { public: true }],
  [paths.healthApi, { public: true }],
  [paths.userApi, { public: true }],
  [paths.changePassword, { public: true }],
  [paths.passkeyEndpoints, { public: true }],
  [paths.jwks, { public: true }],
  ["/favicon.ico", { public: true }],
  ["/icon.svg", { public: true }],
  ["/apple-icon.png", { public: true }],
  ["/opengraph-image.png", { public: true }],
  ["/robots.txt", { public: true }],
  ["/sitemap.xml", { public: true }],
  ["/manifest.webmanifest", { public: true }],

  ["/auth/*", { public: true, dynamic: true, endsSnapshot: true }],
  [paths.login, { flow: "login" }],
  [paths.registration, { flow: "registration" }],
  [paths.recovery, { flow: "recovery" }],
  [paths.verification, { flow: "verification" }],

  [paths.admin, { role: "admin" }],
  [`${paths.admin}/*`, { role: "admin" }],
  [paths.members, { verified: true }],
  [`${paths.members}/*`, { verified: true }],

  [paths.account, { sensitive: true, actions: true }],
  ["/account/*", { sensitive: true }],
  [paths.devices, { actions: true }],
  [paths.settings, { flow: "settings" }],
  [paths.data, { aal: "aal2" }],
  [paths.deleteAccount, { maxAgeSeconds: 900 }],
  ["/api/account", { sensitive: true }],
  ["/api/account/*", { sensitive: true }],
  [paths.accountDataApi, { aal: "aal2" }],
]

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

/** What this path requires: the properties of all patterns in the table that match it. */
export function accessTo(pathname: string): Access {
  const matching = ACCESS.filter(([pattern]) => matches([pattern], pathname))
  const access = Object.assign({}, ...matching.map(([, access]) => access)) as Access
  return access.role === undefined ? access : { ...access, sensitive: true }
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
