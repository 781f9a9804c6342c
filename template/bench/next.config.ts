import { resolve } from "node:path"
import type { NextConfig } from "next"

export default {
  // The starter's files and packages are two folders up.
  turbopack: { root: resolve(import.meta.dirname, "../..") },
  outputFileTracingRoot: resolve(import.meta.dirname, "../.."),
  poweredByHeader: false,
  cacheComponents: true,
  partialPrefetching: true,
} satisfies NextConfig
