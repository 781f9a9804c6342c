import type { Metadata } from "next"
import type { ReactNode } from "react"
import { AuthCard, Notice } from "@/components/auth-card"

export const metadata: Metadata = { title: "Back in a moment", robots: { index: false } }

/**
 * What the gate shows, with status 503, while Ory does not answer. It stands in the place of the page that was asked for
 * and reloads that address by itself, without any script.
 */
export default function UnavailablePage(): ReactNode {
  return (
    <AuthCard>
      <meta httpEquiv="refresh" content="5" />
      <Notice title="Back in a moment">
        <p>We cannot reach the service that knows who you are. If you were signed in, you still are; this page tries again by itself.</p>
        <a href="" className="button">
          Try again
        </a>
      </Notice>
    </AuthCard>
  )
}
