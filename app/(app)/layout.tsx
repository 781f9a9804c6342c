import type { Metadata } from "next"
import type { ReactNode } from "react"
import { Document, siteMetadata, siteViewport } from "@/components/document"
import { pageLanguage } from "@/lib/language"
import "../globals.css"

export const instant = false
export const viewport = siteViewport

export async function generateMetadata(): Promise<Metadata> {
  return siteMetadata(await pageLanguage())
}

/**
 * The root layout of pages that are rendered for each request, in the user's language. Never check the session in a layout: Next can
 * render a page without running it.
 */
export default async function AppLayout({ children }: { children: ReactNode }): Promise<ReactNode> {
  return <Document language={await pageLanguage()}>{children}</Document>
}
