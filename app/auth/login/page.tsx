import type { Metadata } from "next"
import type { ReactNode } from "react"
import { AuthPage } from "@/components/auth-card"
import { Login } from "@/elements/elements"
import { browserOryUrl, requireFlow, userEmail, withValues, type Query } from "@/lib/flows"
import { preferredLanguage } from "@/lib/language"

export const metadata: Metadata = { title: "Sign in" }
export const instant = false

export default async function LoginPage({ searchParams }: { searchParams: Query }): Promise<ReactNode> {
  const flow = await requireFlow("login", searchParams)
  return (
    <AuthPage>
      {flow && (
        <Login
          flow={flow.refresh ? withValues(flow, { identifier: await userEmail() }) : flow}
          oryUrl={await browserOryUrl()}
          language={await preferredLanguage()}
        />
      )}
    </AuthPage>
  )
}
