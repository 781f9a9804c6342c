import type { ReactNode } from "react"
import { AuthPage } from "@/components/auth-card"
import { NoCookies } from "@/components/no-cookies"
import { Recovery } from "@/elements/elements"
import { browserOryUrl, requireFlow, type Query } from "@/lib/flows"
import { formLanguage, titled } from "@/lib/language"

export const generateMetadata = titled((texts) => texts.auth.recovery)
export const instant = false

export default async function RecoveryPage({ searchParams }: { searchParams: Query }): Promise<ReactNode> {
  const flow = await requireFlow("recovery", searchParams)
  return (
    <AuthPage>
      {flow ? <Recovery flow={flow} oryUrl={await browserOryUrl()} language={await formLanguage()} /> : <NoCookies />}
    </AuthPage>
  )
}
