import type { Metadata, Viewport } from "next"
import type { ReactNode } from "react"
import { brand } from "@/lib/brand"
import "./globals.css"

export const metadata: Metadata = {
  title: { default: brand.name, template: `%s · ${brand.name}` },
  description: brand.description,
}

export const viewport: Viewport = { colorScheme: "light dark" }

/** Never check the session in a layout: Next can render a page without running it. */
export default function RootLayout({ children }: { children: ReactNode }): ReactNode {
  return (
    <html lang="en">
      <body className="min-h-dvh font-sans antialiased">{children}</body>
    </html>
  )
}
