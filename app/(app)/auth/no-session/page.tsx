import type { ReactNode } from "react"
import { AuthPage, Notice } from "@/components/auth-card"
import { currentRequest } from "@/lib/current-request"
import type { Query } from "@/lib/flows"
import { pageTexts, titled } from "@/lib/language"
import { logMissingCookies } from "@/lib/redirect-loop"
import { returnTo } from "@/lib/return-to"

export const generateMetadata = titled((texts) => texts.notices.noSession.title, { robots: { index: false } })
export const instant = false

/** Ends a redirect loop (`lib/redirect-loop.ts`). The gate redirects browsers that have a session to the page that they came for. */
export default async function NoSessionPage({ searchParams }: { searchParams: Query }): Promise<ReactNode> {
  const { headers, appUrl } = await currentRequest()
  const { return_to } = await searchParams
  const page = returnTo(typeof return_to === "string" ? return_to : null, appUrl)
  const { notices, shared } = await pageTexts()
  const { title, text, cure } = notices.noSession
  const reasons = logMissingCookies("session", headers.get("cookie"), appUrl)
  return (
    <AuthPage>
      <Notice title={title}>
        <p>{text}</p>
        <p>{cure}</p>
        {process.env.NODE_ENV === "development" && (
          <pre className="w-full text-xs whitespace-pre-wrap">{reasons.join("\n")}</pre>
        )}
        <a href={page} className="button-primary">
          {shared.tryAgain}
        </a>
      </Notice>
    </AuthPage>
  )
}
