import type { NextConfig } from "next"

// `node_modules` is a link to the starter's packages. The link and its target must be below the root.
export default { turbopack: { root: "/" }, typescript: { ignoreBuildErrors: true } } satisfies NextConfig
