import type { ReactNode } from "react"
import { AuthPage } from "@/components/auth-card"
import { NoCookies } from "@/components/no-cookies"
import { Login } from "@/elements/elements"
import { browserOryUrl, requireFlow, userEmail, withValues, type Query } from "@/lib/flows"
import { formLanguage, titled } from "@/lib/language"

export const generateMetadata = titled((texts) => texts.auth.signIn)
export const instant = false

export default async function LoginPage({ searchParams }: { searchParams: Query }): Promise<ReactNode> {
  const flow = await requireFlow("login", searchParams)
  return (
    <AuthPage>
      {flow ? (
        <Login
          flow={flow.refresh ? withValues(flow, { identifier: await userEmail() }) : flow}
          oryUrl={await browserOryUrl()}
          language={await formLanguage()}
        />
      ) : (
        <NoCookies />
      )}
    </AuthPage>
  )
}
