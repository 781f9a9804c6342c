import type { Metadata, Viewport } from "next"
import type { ReactNode } from "react"
import { TextsProvider } from "@/components/texts"
import { brand } from "@/lib/brand"
import { env } from "@/lib/env"
import { publicFile } from "@/lib/public-files"
import type { PageLanguage } from "@/lib/texts"
import { THEME_SCRIPT } from "@/lib/theme"

/** Used by both root layouts, `app/(public)/layout.tsx` and `app/(app)/layout.tsx`. */

export const siteViewport: Viewport = {
  colorScheme: "light dark",
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#fafafa" },
    { media: "(prefers-color-scheme: dark)", color: "#09090b" },
  ],
}

/** For link previews. It is not in `app/`, because Next would not apply `metadataBase` of a root layout in a group to it. */
const PICTURE = "/opengraph-image.png"

export function siteMetadata({ texts }: PageLanguage): Metadata {
  return {
    // For link previews, which need absolute URLs. The landing page keeps the APP_URL of the build.
    metadataBase: new URL(env.appUrls[0]),
    title: { default: brand.name, template: `%s · ${brand.name}` },
    description: texts.description,
    openGraph: { images: publicFile(PICTURE) === undefined ? [] : [{ url: PICTURE, width: 1200, height: 630 }] },
  }
}

/** The HTML document, in this language. */
export function Document({ language, children }: { language: PageLanguage; children: ReactNode }): ReactNode {
  const { locale, direction, texts } = language
  return (
    // The script changes this element before React runs.
    <html lang={locale} dir={direction} suppressHydrationWarning>
      {/* eslint-disable-next-line @next/next/no-head-element -- The rule means pages of the `pages` folder. */}
      <head>
        <script dangerouslySetInnerHTML={{ __html: THEME_SCRIPT }} />
      </head>
      <body className="min-h-dvh font-sans antialiased">
        <TextsProvider texts={texts.shared}>{children}</TextsProvider>
      </body>
    </html>
  )
}
