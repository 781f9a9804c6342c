"use client"

import { useOryConfiguration, useOryFlow, type VerificationFlowContainer } from "@ory/elements-react"
import { createContext, use, useState, type ReactNode } from "react"
import { paths } from "@/lib/routes"
import { LINK } from "./address"
import { useOwnTexts } from "./own-texts"

interface Values {
  /** The address of the signed-in user. Undefined for visitors. */
  email: string | undefined
  /** The page for users who confirm their address later. Not the flow's `return_to`, because Ory does not check where that leads. */
  laterUrl: string
}

/** Values for the footer that are not in Ory's flow. */
export const FooterValues = createContext<Values>({ email: undefined, laterUrl: paths.dashboard })

/**
 * Below the field for the code: ways to change the address and to go on without the code. With Kratos 1.3, after
 * sign-up, it also shows the address and a button for another code. Elements shows them only if Ory's form has such a button.
 */
export function VerificationFooter(): ReactNode {
  const { texts, language } = useOwnTexts()
  const { email, laterUrl } = use(FooterValues)
  const { setFlowContainer, ...container } = useOryFlow()
  const { sdk } = useOryConfiguration()
  const { flow } = container as VerificationFlowContainer
  const { id, ui } = flow
  const [firstUi] = useState(ui)
  const [beforeEmail, afterEmail] = texts.codeSentTo.split("{email}")
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
    <div {...language} className="flex flex-col gap-4 text-interface-foreground-default-secondary">
      {!fields.some(({ name }) => name === "email") && (
        <p>
          {beforeEmail}
          <strong className="break-words">{email}</strong>
          {afterEmail}{" "}
          <button type="button" className={LINK} onClick={() => void resend()}>
            {texts.resendCode}
          </button>
        </p>
      )}
      <p role="status" className="empty:hidden">
        {sent && texts.newCodeSent}
      </p>
      <p className="flex flex-wrap gap-4">
        <a href={paths.settings} className={LINK}>
          {texts.changeAddress}
        </a>
        <a href={laterUrl} className={LINK}>
          {texts.confirmLater}
        </a>
      </p>
    </div>
  )
}
