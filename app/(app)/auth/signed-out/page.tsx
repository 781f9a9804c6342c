import type { ReactNode } from "react"
import { AuthPage, Notice } from "@/components/auth-card"
import { pageTexts, titled } from "@/lib/language"
import { paths } from "@/lib/routes"

export const generateMetadata = titled((texts) => texts.notices.signedOutHere.title)
export const instant = false

/** Shown after signing out while Ory was unreachable. */
export default async function SignedOutPage(): Promise<ReactNode> {
  const { title, text, back } = (await pageTexts()).notices.signedOutHere
  return (
    <AuthPage>
      <Notice title={title}>
        <p>{text}</p>
        {/* A link, not next/link: the landing page has another root layout, so the browser loads it anyway. */}
        <a href={paths.home} className="button-primary">
          {back}
        </a>
      </Notice>
    </AuthPage>
  )
}
