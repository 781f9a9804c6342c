import type { MetadataRoute } from "next"

/** Each visit of a sign-in page creates a flow at Ory, so crawlers should stay away from them. */
export default function robots(): MetadataRoute.Robots {
  return { rules: { userAgent: "*", disallow: "/auth/" } }
}
