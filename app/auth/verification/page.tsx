import type { Metadata } from "next"
import type { ReactNode } from "react"
import { AuthCard } from "@/components/auth-card"
import { Verification } from "@/elements/elements"
import { browserOryUrl, requireFlow, type Query } from "@/lib/flows"
import { preferredLanguage } from "@/lib/language"

export const metadata: Metadata = { title: "Confirm your address" }
export const instant = false

export default async function VerificationPage({ searchParams }: { searchParams: Query }): Promise<ReactNode> {
  const flow = await requireFlow("verification", searchParams)
  return (
    <AuthCard>
      {flow && <Verification flow={flow} oryUrl={await browserOryUrl()} language={await preferredLanguage()} />}
    </AuthCard>
  )
}
