"use client"

import { useOryFlow, type OryNodeButtonProps } from "@ory/elements-react"
import { getOryComponents } from "@ory/elements-react/theme"
import { useId, useRef, type ReactNode } from "react"
import { useOwnTexts } from "./own-texts"
import { usePasskeysUnsupported } from "./passkeys"

/** Buttons of Ory's forms. Ory Elements 1.2.1 removes a way to sign in at once, and shows every way to sign in as the main one. */

const elements = getOryComponents()

const REMOVALS = ["totp_unlink", "lookup_secret_disable", "passkey_remove", "webauthn_remove", "unlink"]

const PASSKEY_REQUESTS = [
  "passkey_login_trigger",
  "passkey_register_trigger",
  "webauthn_login_trigger",
  "webauthn_register_trigger",
]

/**
 * A button of a form. One that removes a way to sign in asks first. One for a passkey is disabled where the browser supports none. On a
 * sign-in form with a password, the other ways to sign in are outlined, below an "or".
 */
export function Button(props: OryNodeButtonProps): ReactNode {
  const { name } = props.node.attributes
  const isUnsupported = usePasskeysUnsupported() && PASSKEY_REQUESTS.includes(name)
  const isAlternative = useIsAlternative(props.node)
  if (REMOVALS.includes(name)) return <RemoveButton {...props} />
  const buttonProps = isUnsupported ? { ...props.buttonProps, disabled: true } : props.buttonProps
  const button = <elements.Node.Button {...props} buttonProps={buttonProps} />
  if (!isAlternative) return button
  return (
    <div className="alternative">
      {button}
      <Icon of={props.node.group} />
    </div>
  )
}

const ICONS: Readonly<Record<string, string>> = {
  passkey: "M8 8a3 3 0 1 1-6 0 3 3 0 0 1 6 0h6.5M12 8v2.5M14.5 8v1.5",
  code: "M3 3h10a1.5 1.5 0 0 1 1.5 1.5v7A1.5 1.5 0 0 1 13 13H3a1.5 1.5 0 0 1-1.5-1.5v-7A1.5 1.5 0 0 1 3 3m-1 1.5 6 4.5 6-4.5",
}

/** The icon of a way to sign in. It is part of the page, because browsers load an SVG in a stylesheet before they show anything. */
function Icon({ of: group }: { of: string }): ReactNode {
  return (
    group in ICONS && (
      <svg viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.3" strokeLinecap="round" aria-hidden>
        <path d={ICONS[group]} strokeLinejoin="round" />
      </svg>
    )
  )
}

function useIsAlternative({ group }: OryNodeButtonProps["node"]): boolean {
  const { flow } = useOryFlow()
  const isLogin = "requested_aal" in flow
  return isLogin && group !== "password" && flow.ui.nodes.some((node) => node.group === "password")
}

function RemoveButton(props: OryNodeButtonProps): ReactNode {
  const { texts, language } = useOwnTexts()
  const dialog = useRef<HTMLDialogElement>(null)
  const questionId = useId()
  const { buttonProps } = props
  const remove: OryNodeButtonProps["buttonProps"] = {
    ...buttonProps,
    type: "submit",
    onClick: (event) => {
      buttonProps.onClick(event)
      dialog.current?.close()
    },
  }
  return (
    <>
      <elements.Node.Button
        {...props}
        buttonProps={{ ...buttonProps, type: "button", onClick: () => dialog.current?.showModal() }}
      />
      <dialog ref={dialog} aria-labelledby={questionId}>
        <p id={questionId} {...language}>
          {texts.removalQuestion}
        </p>
        <div className="flex flex-wrap justify-end gap-3">
          <span {...language}>
            <NodeButton
              node={buttonNode(texts.cancel)}
              type="button"
              onClick={() => dialog.current?.close()}
              isSubmitting={false}
            />
          </span>
          <elements.Node.Button {...props} buttonProps={remove} />
        </div>
      </dialog>
    </>
  )
}

/** Elements' own buttons take a node of Ory's, so this makes one. */
function buttonNode(text: string): OryNodeButtonProps["node"] {
  return {
    type: "input",
    group: "default",
    attributes: { node_type: "input", name: "cancel", type: "button", disabled: false },
    messages: [],
    meta: { label: { id: 0, type: "info", text } },
  }
}

interface NodeButtonProps extends Pick<OryNodeButtonProps["buttonProps"], "onClick"> {
  node: OryNodeButtonProps["node"]
  type?: "submit" | "button"
  isSubmitting: boolean
}

/** A button that Elements leaves to these sections to show. */
export function NodeButton({ node, onClick, type = "submit", isSubmitting }: NodeButtonProps): ReactNode {
  const { attributes } = node
  const disabled = isSubmitting || attributes.disabled
  const buttonProps = { type, name: attributes.name, value: String(attributes.value), onClick, disabled }
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- The type still requires `attributes`.
  const props: OryNodeButtonProps = { node, attributes, buttonProps, isSubmitting: false }
  return <Button {...props} />
}
