import type { Metadata } from "next"
import Link from "next/link"
import type { ReactNode } from "react"
import { AuthCard, Notice } from "@/components/auth-card"

export const metadata: Metadata = { title: "Signed out here" }
export const dynamic = "force-dynamic"

/** What someone sees who signed out while Ory did not answer. */
export default function SignedOutPage(): ReactNode {
  return (
    <AuthCard>
      <Notice title="You are signed out in this browser">
        <p>
          The identity server could not be told, so the session itself may last until it expires. If someone else may have
          used it, sign in again later and sign out once more.
        </p>
        <Link href="/" className="button-primary">
          Back to the start
        </Link>
      </Notice>
    </AuthCard>
  )
}
