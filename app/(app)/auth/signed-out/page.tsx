import type { ReactNode } from "react"
import { NoticePage } from "@/components/auth-card"
import { pageTexts, titled } from "@/lib/language"
import { paths } from "@/lib/routes"

export const generateMetadata = titled((texts) => texts.notices.signedOutHere.title)
export const instant = false

/** Shown after signing out while Ory was unreachable. */
export default async function SignedOutPage(): Promise<ReactNode> {
  const { title, text, back } = (await pageTexts()).notices.signedOutHere
  return <NoticePage title={title} text={text} href={paths.home} link={back} />
}
