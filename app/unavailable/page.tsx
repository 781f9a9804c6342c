import type { Metadata } from "next"
import { connection } from "next/server"
import type { ReactNode } from "react"
import { ReloadWhenBack } from "./reload-when-back"
import { AuthPage, Notice } from "@/components/auth-card"
import { RETRY_SECONDS } from "@/lib/gate"

export const metadata: Metadata = { title: "Back in a moment", robots: { index: false } }
export const instant = false

/**
 * The gate shows this page with status 503 while Ory is unreachable. The address bar keeps the requested URL, which the
 * page loads again when Ory is back.
 */
export default async function UnavailablePage(): Promise<ReactNode> {
  // Rendered for each request, so that it can have the status 503 and its scripts a nonce.
  await connection()
  return (
    <AuthPage>
      <ReloadWhenBack everySeconds={RETRY_SECONDS} />
      <Notice title="Back in a moment">
        <p>
          We can't check your session right now. If you were signed in, you still are. This page opens again as soon as
          we can.
        </p>
        <a href="" className="button">
          Try again
        </a>
      </Notice>
    </AuthPage>
  )
}
