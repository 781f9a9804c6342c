import { env } from "@/lib/env"

/** In the same-origin topology Ory is `'self'`. */
const ory = env.topology === "direct" ? ` ${env.oryUrl}` : ""

const development = process.env.NODE_ENV === "development"

/** Elements puts two style elements into its pages: an empty one, and the one of its toasts (sonner 2.0.7). */
const ELEMENTS_STYLES = [
  "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
  "'sha256-StEaX+se6YS7pqjzrzMIA0KaX9zF/8zAhvQXZAe5epY='",
]

/**
 * The Content-Security-Policy of a page.
 *
 * @param nonce For pages made for each request: only scripts that carry it run, and what those load. Without one, for
 *   static pages: the same HTML goes to everybody, so its inline scripts are allowed; it holds nobody's data.
 */
export function contentSecurityPolicy(nonce?: string): string {
  const scripts = nonce === undefined ? "'self' 'unsafe-inline'" : `'nonce-${nonce}' 'strict-dynamic'`
  const styles = nonce === undefined || development ? "'self' 'unsafe-inline'" : `'self' ${ELEMENTS_STYLES.join(" ")}`
  return [
    "default-src 'none'",
    // `next dev` evaluates code and connects for hot reload.
    `script-src ${scripts}${development ? " 'unsafe-eval'" : ""}`,
    `style-src-elem ${styles}`,
    "style-src-attr 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self'",
    "manifest-src 'self'",
    `connect-src 'self'${ory}${development ? " ws:" : ""}`,
    // A form that posts here may be redirected to Ory: browsers check every hop. Social providers need no entry: Elements posts
    // with fetch, and then goes where Ory says.
    `form-action 'self'${ory}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ")
}

/** Two years, in seconds. Subdomains, and browsers' preload lists, are for you to decide: https://hstspreload.org */
export const STRICT_TRANSPORT_SECURITY = "max-age=63072000"
