import type { Metadata } from "next"
import { connection } from "next/server"
import type { ReactNode } from "react"
import { brand } from "@/lib/brand"
import RootLayout, { metadata as site } from "./layout"
import NotFoundPage from "./not-found"

export const metadata: Metadata = { ...site, title: `Page not found · ${brand.name}` }
export const instant = false

/** The page for every path without a page or route handler: status 404. Rendered for each request, so that its scripts carry a nonce. */
export default async function GlobalNotFoundPage(): Promise<ReactNode> {
  await connection()
  return (
    <RootLayout>
      <NotFoundPage />
    </RootLayout>
  )
}
