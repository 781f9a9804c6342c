import type { Metadata } from "next"
import type { ReactNode } from "react"
import { AuthPage } from "@/components/auth-card"
import { Registration } from "@/elements/elements"
import { browserOryUrl, requireFlow, type Query } from "@/lib/flows"
import { preferredLanguage } from "@/lib/language"

export const metadata: Metadata = { title: "Create an account" }
export const instant = false

export default async function RegistrationPage({ searchParams }: { searchParams: Query }): Promise<ReactNode> {
  const flow = await requireFlow("registration", searchParams)
  return (
    <AuthPage>
      {flow && <Registration flow={flow} oryUrl={await browserOryUrl()} language={await preferredLanguage()} />}
    </AuthPage>
  )
}
