import type { Metadata } from "next"
import type { ReactNode } from "react"
import { Document, siteMetadata, siteViewport } from "@/components/document"
import { brand } from "@/lib/brand"
import { pageLanguage } from "@/lib/language"
import NotFoundPage from "./(app)/not-found"
import "./globals.css"

export const instant = false
export const viewport = siteViewport

export async function generateMetadata(): Promise<Metadata> {
  const language = await pageLanguage()
  return { ...siteMetadata(language), title: `${language.texts.notices.notFound.title} · ${brand.name}` }
}

/** The page for every path without a page or route handler: status 404. Rendered for each request, so that its scripts carry a nonce. */
export default async function GlobalNotFoundPage(): Promise<ReactNode> {
  return (
    <Document language={await pageLanguage()}>
      <NotFoundPage />
    </Document>
  )
}
