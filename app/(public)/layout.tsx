import type { ReactNode } from "react"
import { Document, siteMetadata, siteViewport } from "@/components/document"
import { pageLanguageFor } from "@/lib/language"
import "../globals.css"

const language = pageLanguageFor(null)

export const metadata = siteMetadata(language)
export const viewport = siteViewport

/** The root layout of prerendered pages. They are the same for every visitor, so they are in the product's default language. */
export default function PublicLayout({ children }: { children: ReactNode }): ReactNode {
  return <Document language={language}>{children}</Document>
}
