import type { Metadata } from "next"
import type { ReactNode } from "react"
import { AuthPage } from "@/components/auth-card"
import { Verification } from "@/elements/elements"
import { browserOryUrl, requireFlow, userEmail, withValues, type Query } from "@/lib/flows"
import { preferredLanguage } from "@/lib/language"

export const metadata: Metadata = { title: "Confirm your address" }
export const instant = false

export default async function VerificationPage({ searchParams }: { searchParams: Query }): Promise<ReactNode> {
  const [flow, email] = await Promise.all([requireFlow("verification", searchParams), userEmail()])
  return (
    <AuthPage>
      {flow && (
        <Verification
          flow={withValues(flow, { email })}
          oryUrl={await browserOryUrl()}
          language={await preferredLanguage()}
          email={email}
        />
      )}
    </AuthPage>
  )
}
