"use client"

import type { ReactNode } from "react"
import { AuthPage, Notice } from "@/components/auth-card"
import { useTexts } from "@/components/texts"

/** The error itself is in the server log. "Try again" reloads the page, so the gate checks the session again. */
export default function ErrorPage(): ReactNode {
  const { error, tryAgain } = useTexts()
  return (
    <AuthPage>
      <Notice title={error.title}>
        <p>{error.text}</p>
        <button
          className="button-primary"
          onClick={() => {
            window.location.reload()
          }}
        >
          {tryAgain}
        </button>
      </Notice>
    </AuthPage>
  )
}
