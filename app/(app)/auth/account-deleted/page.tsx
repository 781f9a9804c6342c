import type { ReactNode } from "react"
import { AuthPage, Notice } from "@/components/auth-card"
import { pageTexts, titled } from "@/lib/language"
import { paths } from "@/lib/routes"

export const generateMetadata = titled((texts) => texts.notices.accountDeleted.title, { robots: { index: false } })
export const instant = false

/** Shown after a user has deleted their account. */
export default async function AccountDeletedPage(): Promise<ReactNode> {
  const { title, text, back } = (await pageTexts()).notices.accountDeleted
  return (
    <AuthPage>
      <Notice title={title}>
        <p>{text}</p>
        {/* A link, not next/link: the landing page has another root layout, so the browser loads it anyway. */}
        <a href={paths.home} className="button">
          {back}
        </a>
      </Notice>
    </AuthPage>
  )
}
