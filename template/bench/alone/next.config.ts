import type { NextConfig } from "next"

// The packages are the starter's, by a link: both have to be below the root.
export default { turbopack: { root: "/" }, typescript: { ignoreBuildErrors: true } } satisfies NextConfig
