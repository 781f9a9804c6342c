import { env } from "@/lib/env"
import { THEME_SCRIPT_HASH } from "@/lib/theme"

/** Headers of every response that depends on the user. */
export const NO_STORE = { "cache-control": "private, no-store" }

/** In the same-origin topology, Ory is `'self'`. */
const ory = env.topology === "direct" ? ` ${env.oryUrl}` : ""

/**
 * Origins that pages may use besides this app and Ory. Add those of your product here, for example `["https://images.example.com"]` to
 * `img-src`. Scripts on pages with a nonce need that nonce instead: docs/make-it-yours.md.
 */
const FURTHER_ORIGINS = {
  "script-src": [],
  "connect-src": env.apiOrigins,
  "img-src": [],
  "font-src": [],
  "frame-src": [],
} as const satisfies Record<string, readonly string[]>

function further(directive: keyof typeof FURTHER_ORIGINS): string {
  return FURTHER_ORIGINS[directive].map((origin) => ` ${origin}`).join("")
}

const development = process.env.NODE_ENV === "development"

/** Elements adds two style elements to its pages: an empty one, and the one of its toasts (sonner 2.0.7). */
const ELEMENTS_STYLES = [
  "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
  "'sha256-StEaX+se6YS7pqjzrzMIA0KaX9zF/8zAhvQXZAe5epY='",
]

/**
 * The Content-Security-Policy of a page.
 *
 * @param nonce For pages rendered for each request: only scripts with this nonce run, scripts that those load, and the script that
 *   sets the theme. Prerendered pages have none. Their HTML is the same for every visitor and holds no user data, so their inline scripts are allowed.
 */
export function contentSecurityPolicy(nonce?: string): string {
  const scripts =
    nonce === undefined
      ? `'self' 'unsafe-inline'${further("script-src")}`
      : `'nonce-${nonce}' 'sha256-${THEME_SCRIPT_HASH}' 'strict-dynamic'`
  const styles = nonce === undefined || development ? "'self' 'unsafe-inline'" : `'self' ${ELEMENTS_STYLES.join(" ")}`
  return [
    "default-src 'none'",
    // `next dev` evaluates code, and connects for hot reload.
    `script-src ${scripts}${development ? " 'unsafe-eval'" : ""}`,
    `style-src-elem ${styles}`,
    "style-src-attr 'unsafe-inline'",
    `img-src 'self' data:${further("img-src")}`,
    `font-src 'self'${further("font-src")}`,
    `frame-src${further("frame-src") || " 'none'"}`,
    "manifest-src 'self'",
    `connect-src 'self'${ory}${further("connect-src")}${development ? " ws:" : ""}`,
    // Browsers check every redirect after a form, and forms that post here can be redirected to Ory. Social providers need no
    // entry: Elements posts with fetch, then navigates.
    `form-action 'self'${ory}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ")
}

/** Two years, in seconds. Whether to include subdomains and to preload is your decision: https://hstspreload.org */
const STRICT_TRANSPORT_SECURITY = "max-age=63072000"

/** The response, with the security headers that every response of the gate has. */
export function secured<R extends Response>(response: R, appUrl: string, nonce?: string): R {
  response.headers.set("content-security-policy", contentSecurityPolicy(nonce))
  if (appUrl.startsWith("https://")) response.headers.set("strict-transport-security", STRICT_TRANSPORT_SECURITY)
  return response
}
