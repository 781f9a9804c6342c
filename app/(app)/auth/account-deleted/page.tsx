import type { ReactNode } from "react"
import { NoticePage } from "@/components/auth-card"
import { pageTexts, titled } from "@/lib/language"
import { paths } from "@/lib/routes"

export const generateMetadata = titled((texts) => texts.notices.accountDeleted.title, { robots: { index: false } })
export const instant = false

/** Shown after a user has deleted their account. */
export default async function AccountDeletedPage(): Promise<ReactNode> {
  const { title, text, back } = (await pageTexts()).notices.accountDeleted
  return <NoticePage title={title} text={text} href={paths.home} link={back} />
}
