"use client"

import type { ReactNode } from "react"
import { AuthPage, Notice } from "@/components/auth-card"

/** The error itself is in the server log. "Try again" reloads the page, so the gate checks the session again. */
export default function ErrorPage(): ReactNode {
  return (
    <AuthPage>
      <Notice title="Something went wrong">
        <p>We couldn't load this page. Try again in a moment.</p>
        <button
          className="button-primary"
          onClick={() => {
            window.location.reload()
          }}
        >
          Try again
        </button>
      </Notice>
    </AuthPage>
  )
}
