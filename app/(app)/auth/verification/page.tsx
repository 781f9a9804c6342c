import type { ReactNode } from "react"
import { AuthPage } from "@/components/auth-card"
import { NoCookies } from "@/components/no-cookies"
import { Verification } from "@/elements/elements"
import { currentRequest } from "@/lib/current-request"
import { browserOryUrl, requireFlow, userEmail, withValues, type Query } from "@/lib/flows"
import { formLanguage, titled } from "@/lib/language"
import { returnTo } from "@/lib/return-to"

export const generateMetadata = titled((texts) => texts.auth.verification)
export const instant = false

export default async function VerificationPage({ searchParams }: { searchParams: Query }): Promise<ReactNode> {
  const [flow, email] = await Promise.all([requireFlow("verification", searchParams), userEmail()])
  return (
    <AuthPage>
      {flow ? (
        <Verification
          flow={withValues(flow, { email })}
          oryUrl={await browserOryUrl()}
          language={await formLanguage()}
          footer={{ email, laterUrl: returnTo(flow.return_to, (await currentRequest()).appUrl) }}
        />
      ) : (
        <NoCookies />
      )}
    </AuthPage>
  )
}
