"use client"

import { useOryConfiguration, useOryFlow, type VerificationFlowContainer } from "@ory/elements-react"
import { createContext, use, useState, type ReactNode } from "react"
import { paths } from "@/lib/routes"
import { LINK } from "./address"

/** The address of the signed-in user. Undefined for visitors. */
export const UserEmail = createContext<string | undefined>(undefined)

/**
 * Below the field for the code: ways to change the address and to go on without the code. After sign-up with Kratos 1.3, also where it
 * was sent and a way to get another, which Elements shows only if Ory's form has a button for it.
 */
export function VerificationFooter(): ReactNode {
  const email = use(UserEmail)
  const { setFlowContainer, ...container } = useOryFlow()
  const { sdk } = useOryConfiguration()
  const { flow } = container as VerificationFlowContainer
  const { id, ui, return_to } = flow
  const [firstUi] = useState(ui)
  if (flow.state !== "sent_email" || email === undefined) return null
  const fields = ui.nodes.map(({ attributes }) => attributes as { name?: string; value?: string })
  const csrf_token = fields.find(({ name }) => name === "csrf_token")?.value
  // Ory returns the same form with a message after a wrong code, and without an error after it sent a new one.
  const sent = ui !== firstUi && !ui.messages?.some(({ type }) => type === "error")

  const resend = async (): Promise<void> => {
    try {
      const updateVerificationFlowBody = { method: "code", email, csrf_token } as const
      const next = await sdk.frontend.updateVerificationFlow({ flow: id, updateVerificationFlowBody })
      setFlowContainer({ ...(container as VerificationFlowContainer), flow: next })
    } catch {
      // `FailedRequest` says it.
    }
  }

  return (
    <div lang="en" dir="ltr" className="flex flex-col gap-4 text-interface-foreground-default-secondary">
      {!fields.some(({ name }) => name === "email") && (
        <p>
          We sent the code to <strong className="break-words">{email}</strong>.{" "}
          <button type="button" className={LINK} onClick={() => void resend()}>
            Resend code
          </button>
        </p>
      )}
      <p role="status" className="empty:hidden">
        {sent && "We sent a new code."}
      </p>
      <p className="flex flex-wrap gap-4">
        <a href={paths.settings} className={LINK}>
          Change the address
        </a>
        <a href={return_to ?? paths.dashboard} className={LINK}>
          Confirm it later
        </a>
      </p>
    </div>
  )
}
