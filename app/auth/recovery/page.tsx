import type { Metadata } from "next"
import type { ReactNode } from "react"
import { AuthPage } from "@/components/auth-card"
import { Recovery } from "@/elements/elements"
import { browserOryUrl, requireFlow, type Query } from "@/lib/flows"
import { preferredLanguage } from "@/lib/language"

export const metadata: Metadata = { title: "Recover your account" }
export const instant = false

export default async function RecoveryPage({ searchParams }: { searchParams: Query }): Promise<ReactNode> {
  const flow = await requireFlow("recovery", searchParams)
  return (
    <AuthPage>
      {flow && <Recovery flow={flow} oryUrl={await browserOryUrl()} language={await preferredLanguage()} />}
    </AuthPage>
  )
}
