import type { NextConfig } from "next"
import { PHASE_PRODUCTION_BUILD } from "next/constants"
// A wrong variable stops the build and the start here, by name.
import { assertReadyToServe, env } from "./lib/env.ts"
import { lighterElements } from "./lighter-elements/turbopack.mjs"

/** For the Dockerfile: a server that brings all it needs. `next start` would warn about it, so only where it is asked for. */
const standalone = Boolean(process.env.BUILD_STANDALONE)

const config: NextConfig = {
  poweredByHeader: false,
  ...(standalone && {
    output: "standalone",
    // That server reads no `next.config.ts`: its check is in `instrumentation.standalone.ts`.
    pageExtensions: ["tsx", "ts", "standalone.ts"],
  }),
  turbopack: lighterElements(),
  // Next compares the Origin of a server action with the Host header, which proxies rewrite. `checkAction` compares it with APP_URL.
  experimental: { serverActions: { allowedOrigins: env.appUrls.map((url) => new URL(url).host) } },
  // Pictures that the code imports. The optimizer is not behind the gate, and has no business with pages that are.
  images: { localPatterns: [{ pathname: "/_next/static/media/**" }] },
  headers: () => [
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

export default function configure(phase: string): NextConfig {
  if (phase !== PHASE_PRODUCTION_BUILD) assertReadyToServe()
  return config
}
