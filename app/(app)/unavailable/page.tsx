import type { ReactNode } from "react"
import { ReloadWhenBack } from "./reload-when-back"
import { AuthPage, Notice } from "@/components/auth-card"
import { RETRY_SECONDS } from "@/lib/gate"
import { pageTexts, titled } from "@/lib/language"

export const generateMetadata = titled((texts) => texts.notices.unavailable.title, { robots: { index: false } })
export const instant = false

/**
 * The gate shows this page with status 503 while Ory is unreachable. The address bar keeps the requested URL, which the
 * page loads again when Ory is back.
 */
export default async function UnavailablePage(): Promise<ReactNode> {
  const { notices, shared } = await pageTexts()
  const { title, text } = notices.unavailable
  return (
    <AuthPage>
      <ReloadWhenBack everySeconds={RETRY_SECONDS} />
      <Notice title={title}>
        <p>{text}</p>
        <a href="" className="button">
          {shared.tryAgain}
        </a>
      </Notice>
    </AuthPage>
  )
}
