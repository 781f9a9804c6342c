import type { MetadataRoute } from "next"
import { brand } from "@/lib/brand"
import { paths } from "@/lib/routes"
import { catalogues, defaultLocale } from "@/lib/texts"

/** For browsers that install the app on a home screen. */
export default function manifest(): MetadataRoute.Manifest {
  return {
    name: brand.name,
    description: catalogues[defaultLocale].description,
    lang: defaultLocale,
    start_url: paths.dashboard,
    display: "standalone",
    background_color: "#fafafa",
    theme_color: "#fafafa",
    icons: [{ src: "/icon.svg", sizes: "any", type: "image/svg+xml" }],
  }
}
