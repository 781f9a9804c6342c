import type { NextConfig } from "next"
// A wrong variable stops the build and the start here, by name.
import "./lib/env.ts"
import { lighterElements } from "./lighter-elements/turbopack.mjs"

export default {
  poweredByHeader: false,
  // For the Dockerfile: a server that brings all it needs. `next start` would warn about it, so only where it is asked for.
  output: process.env.BUILD_STANDALONE ? "standalone" : undefined,
  turbopack: lighterElements(),
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
} satisfies NextConfig
