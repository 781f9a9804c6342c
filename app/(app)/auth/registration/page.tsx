import type { ReactNode } from "react"
import { AuthPage } from "@/components/auth-card"
import { NoCookies } from "@/components/no-cookies"
import { Registration } from "@/elements/elements"
import { browserOryUrl, requireFlow, type Query } from "@/lib/flows"
import { formLanguage, titled } from "@/lib/language"

export const generateMetadata = titled((texts) => texts.auth.createAccount)
export const instant = false

export default async function RegistrationPage({ searchParams }: { searchParams: Query }): Promise<ReactNode> {
  const flow = await requireFlow("registration", searchParams)
  return (
    <AuthPage>
      {flow ? (
        <Registration flow={flow} oryUrl={await browserOryUrl()} language={await formLanguage()} />
      ) : (
        <NoCookies />
      )}
    </AuthPage>
  )
}
