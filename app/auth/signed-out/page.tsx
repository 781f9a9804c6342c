import type { Metadata } from "next"
import Link from "next/link"
import { connection } from "next/server"
import type { ReactNode } from "react"
import { AuthPage, Notice } from "@/components/auth-card"
import { paths } from "@/lib/routes"

export const metadata: Metadata = { title: "Signed out here" }
export const instant = false

/** Shown after signing out while Ory was unreachable. */
export default async function SignedOutPage(): Promise<ReactNode> {
  // Rendered for each request, so that its scripts carry a nonce.
  await connection()
  return (
    <AuthPage>
      <Notice title="You are signed out in this browser">
        <p>
          We couldn't end the session on our servers, so it may stay valid until it expires. If someone else may have
          used this device, sign in again later and sign out once more.
        </p>
        <Link href={paths.home} className="button-primary">
          Back to the start
        </Link>
      </Notice>
    </AuthPage>
  )
}
