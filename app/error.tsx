"use client"

import type { ReactNode } from "react"
import { AuthCard, Notice } from "@/components/auth-card"

/** What went wrong is in the server's log. Trying again loads the page anew, so that the gate decides again. */
export default function ErrorPage(): ReactNode {
  return (
    <AuthCard>
      <Notice title="This did not work">
        <p>Try again in a moment.</p>
        <button
          className="button-primary"
          onClick={() => {
            window.location.reload()
          }}
        >
          Try again
        </button>
      </Notice>
    </AuthCard>
  )
}
