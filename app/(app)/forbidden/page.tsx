import type { ReactNode } from "react"
import { NoticePage } from "@/components/auth-card"
import { pageTexts, titled } from "@/lib/language"
import { paths } from "@/lib/routes"

export const generateMetadata = titled((texts) => texts.notices.forbidden.title, { robots: { index: false } })
export const instant = false

/** The gate shows this page with status 403 to users without the role that a page requires. The address bar keeps the requested URL. */
export default async function ForbiddenPage(): Promise<ReactNode> {
  const { title, text, back } = (await pageTexts()).notices.forbidden
  return <NoticePage title={title} text={text} href={paths.dashboard} link={back} />
}
