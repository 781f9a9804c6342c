import type { Metadata, Viewport } from "next"
import type { ReactNode } from "react"
import { brand } from "@/lib/brand"
import { env } from "@/lib/env"
import { THEME_SCRIPT } from "@/lib/theme"
import "./globals.css"

export const metadata: Metadata = {
  // For link previews, which need absolute URLs. The landing page keeps the APP_URL of the build.
  metadataBase: new URL(env.appUrls[0]),
  title: { default: brand.name, template: `%s · ${brand.name}` },
  description: brand.description,
}

export const viewport: Viewport = {
  colorScheme: "light dark",
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#fafafa" },
    { media: "(prefers-color-scheme: dark)", color: "#09090b" },
  ],
}

/** Never check the session in a layout: Next can render a page without running it. */
export default function RootLayout({ children }: { children: ReactNode }): ReactNode {
  return (
    // The script changes this element before React runs.
    <html lang="en" suppressHydrationWarning>
      <head>
        <script dangerouslySetInnerHTML={{ __html: THEME_SCRIPT }} />
      </head>
      <body className="min-h-dvh font-sans antialiased">{children}</body>
    </html>
  )
}
