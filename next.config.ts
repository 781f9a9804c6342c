import type { NextConfig } from "next"
import { env } from "./lib/env.ts"
import { publicFiles } from "./lib/public-files-loader.mjs"
import { paths } from "./lib/routes.ts"
import { lighterElements } from "./elements/lighter-loader.mjs"

/** For the Dockerfile: a server that brings all it needs. `next start` would warn about it, so only where it is asked for. */
const standalone = Boolean(process.env.BUILD_STANDALONE)

const config: NextConfig = {
  poweredByHeader: false,
  cacheComponents: true,
  partialPrefetching: true,
  ...(standalone && { output: "standalone" }),
  turbopack: {
    rules: { ...lighterElements().rules, "**/lib/public-files.ts": { loaders: ["./lib/public-files-loader.mjs"] } },
  },
  // Next compares the Origin of a server action with the Host header, which proxies rewrite. `checkAction` compares it with APP_URL.
  experimental: {
    globalNotFound: true,
    serverActions: { allowedOrigins: env.appUrls.map((url) => new URL(url).host) },
  },
  // Images that the code imports, and those in `public/`. The optimizer is not behind the gate, so it serves no other path.
  images: { localPatterns: [{ pathname: "/_next/static/media/**" }, ...publicImages()] },
  // Redirects run before the gate. Next renders the page for a server action that is also a fetch of its router, which the
  // gate cannot see; Next's own client never sends both. See docs/decisions/server-actions-at-the-gate.md.
  redirects: () => [
    {
      source: "/:path*",
      has: [
        { type: "header", key: "next-action" },
        { type: "header", key: "rsc" },
      ],
      destination: paths.login,
      statusCode: 303,
    },
    {
      source: "/:path(.*\\.rsc)",
      has: [{ type: "header", key: "next-action" }],
      destination: paths.login,
      statusCode: 303,
    },
  ],
  // The gate's matcher leaves out static files. A missing one is not found, and reaches no catch-all page such as `app/[...slug]`.
  rewrites: () => ({
    beforeFiles: [],
    afterFiles: [{ source: "/_next/static/:path*", destination: "/_not-found" }],
    fallback: [],
  }),
  headers: () => [
    {
      // What the gate's matcher leaves out. A script that runs as a worker has the policy of its own response.
      source: "/_next/:path(static/.*|image)",
      headers: [
        {
          key: "Content-Security-Policy",
          value: "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        },
      ],
    },
    {
      source: "/:path*",
      headers: [
        { key: "X-Content-Type-Options", value: "nosniff" },
        { key: "Referrer-Policy", value: "strict-origin-when-cross-origin" },
        { key: "Permissions-Policy", value: "camera=(), geolocation=(), microphone=()" },
      ],
    },
  ],
}

/**
 * Exactly the files in `public/`. In development every path, so that a new file needs no restart: the optimizer fetches through the
 * gate and without cookies, so it gets nothing that needs a session.
 */
function publicImages(): { pathname: string; search?: string }[] {
  const patterns = publicFiles().map((file) => {
    // As the browser writes it, and with every character that means something in a pattern escaped.
    const { pathname } = new URL(file.replace(/[%?#]/g, encodeURIComponent), "http://localhost")
    return { pathname: pathname.replace(/[^\w/.%-]/g, "\\$&"), search: "" }
  })
  return process.env.NODE_ENV === "development" ? [{ pathname: "/**" }] : patterns
}

export default config
