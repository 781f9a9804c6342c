import type { ReactNode } from "react"
import { Notice } from "@/components/auth-card"
import { pageTexts } from "@/lib/language"
import { paths } from "@/lib/routes"

/** Shown instead of a form when there is no usable flow, because the browser keeps no cookies. */
export async function NoCookies(): Promise<ReactNode> {
  const { notices, shared } = await pageTexts()
  const { title, text } = notices.noCookies
  return (
    <Notice title={title}>
      <p>{text}</p>
      {/* A link, not next/link: a full page load starts a new flow. */}
      <a href={paths.login} className="button-primary">
        {shared.tryAgain}
      </a>
    </Notice>
  )
}
