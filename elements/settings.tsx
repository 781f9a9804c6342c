"use client"

import {
  Node,
  useOryFlow,
  type OryCardSettingsSectionProps,
  type OryFormSectionContentProps,
  type OryNodeButtonProps,
  type OrySettingsPasskeyProps,
  type OrySettingsRecoveryCodesProps,
  type OrySettingsSsoProps,
  type OrySettingsTotpProps,
  type OrySettingsWebauthnProps,
} from "@ory/elements-react"
import { getOryComponents, type Settings } from "@ory/elements-react/theme"
import {
  createContext,
  use,
  useId,
  useLayoutEffect,
  useRef,
  useState,
  useSyncExternalStore,
  type ComponentProps,
  type ReactNode,
} from "react"
import { LocalDate } from "@/components/local-time"
import { FailedRequest } from "./failed-request"
import { FieldProblems, useCheckedForm } from "./fields"
import { PasskeyProblem, usePasskeysUnsupported } from "./passkeys"

/**
 * The sections of the settings page. Each section shows the result of its own form. A dialog opens before a way to sign in is removed.
 * Ory Elements 1.2.1 shows results in toasts and removes at once. Its icon buttons have no accessible name.
 */

const elements = getOryComponents()

/** The section whose form was sent last, and a function to change it. Null while the page does not know it: on the server. */
const SentSection = createContext<readonly [group: string | undefined | null, set: (group: string) => void]>([
  undefined,
  () => undefined,
])

const KEY = "sent-section"

/**
 * Remembers which section's form was sent last, because Ory's response does not say it, and usually loads the page again. After a load,
 * the section is in view and has the focus.
 */
export function SentSectionProvider({ flow, children }: { flow: Flow; children: ReactNode }): ReactNode {
  const [sent, setSent] = useState<string>()
  const kept = useSyncExternalStore(
    () => () => undefined,
    () => readSent(flow.id),
    () => null,
  )
  const result = withResult(flow) ?? kept
  // Together with the result, so that the page does not move later, under a click.
  useLayoutEffect(() => {
    const form = document.getElementById(`${result}-settings`)
    if (form === null) return
    form.scrollIntoView()
    const target = form.querySelector<HTMLElement>("[aria-invalid=true]") ?? form.querySelector("h2")
    target?.focus({ preventScroll: true })
  }, [result])
  const set = (group: string): void => {
    setSent(group)
    try {
      sessionStorage.setItem(KEY, `${flow.id} ${group}`)
    } catch {
      // Storage is unavailable: the result is above the sections.
    }
  }
  return <SentSection value={[sent ?? kept, set]}>{children}</SentSection>
}

type Flow = ComponentProps<typeof Settings>["flow"]

function readSent(flowId: string): string | undefined {
  try {
    const [id, group] = sessionStorage.getItem(KEY)?.split(" ") ?? []
    return id === flowId ? group : undefined
  } catch {
    return undefined
  }
}

/** The section that has an error or shows new backup codes. */
function withResult({ ui }: Flow): string | undefined {
  return ui.nodes.find(
    ({ messages, attributes }) =>
      messages.some(({ type }) => type === "error") ||
      ("name" in attributes && attributes.name === "lookup_secret_confirm"),
  )?.group
}

/** The section's group of nodes, as Ory names it, and the id of its heading. */
const Section = createContext({ group: "", titleId: "" })

/** The result of a form that this browser did not send from a section. */
export function SettingsMessages(): ReactNode {
  const [sent] = use(SentSection)
  return <Result isShown={sent === undefined} />
}

function Result({ isShown }: { isShown: boolean }): ReactNode {
  const { flow } = useOryFlow()
  const messages = isShown ? (flow.ui.messages ?? []) : []
  const role = messages.some(({ type }) => type === "error") ? "alert" : "status"
  return (
    <div key={role} role={role} className="empty:hidden">
      {messages.map((message) => (
        <elements.Message.Content key={message.id} message={message} />
      ))}
    </div>
  )
}

/** A form with one group of settings. */
export function SettingsSection({ onSubmit, children, ...rest }: OryCardSettingsSectionProps): ReactNode {
  const titleId = useId()
  const { "data-testid": testId = "" } = rest as { "data-testid"?: string }
  const group = testId.split("/").at(-1) ?? ""
  const [, setSent] = use(SentSection)
  const { problems, ...form } = useCheckedForm((event) => {
    setSent(group)
    onSubmit(event)
  })
  return (
    <Section value={{ group, titleId }}>
      <FieldProblems value={problems}>
        <form
          {...rest}
          {...form}
          noValidate
          id={`${group}-settings`}
          aria-labelledby={titleId}
          className="flex w-full flex-col"
        >
          {children}
        </form>
      </FieldProblems>
    </Section>
  )
}

/** A section's title, description, result and fields. */
export function SettingsSectionContent({ title, description, children }: OryFormSectionContentProps): ReactNode {
  const { group, titleId } = use(Section)
  const [sent] = use(SentSection)
  return (
    <div className="flex flex-col gap-8 rounded-t-cards border border-b-0 border-interface-border-default-primary bg-interface-background-default-primary px-6 py-8">
      <div className="flex flex-col gap-2">
        <h2 id={titleId} tabIndex={-1} className="font-medium">
          {title}
        </h2>
        <p className="text-interface-foreground-default-secondary">{description}</p>
        <Result isShown={sent === group} />
        <FailedRequest isShown={sent === group} />
      </div>
      {children}
    </div>
  )
}

const REMOVALS = ["totp_unlink", "lookup_secret_disable", "passkey_remove", "webauthn_remove", "unlink"]

const PASSKEY_REQUESTS = [
  "passkey_login_trigger",
  "passkey_register_trigger",
  "webauthn_login_trigger",
  "webauthn_register_trigger",
]

/** A button of a form. One that removes a way to sign in asks first. One for a passkey is disabled where the browser supports none. */
export function Button(props: OryNodeButtonProps): ReactNode {
  const isUnsupported = usePasskeysUnsupported()
  if (isUnsupported && PASSKEY_REQUESTS.includes(props.node.attributes.name))
    return <elements.Node.Button {...props} buttonProps={{ ...props.buttonProps, disabled: true }} />
  return REMOVALS.includes(props.node.attributes.name) ? (
    <RemoveButton {...props} />
  ) : (
    <elements.Node.Button {...props} />
  )
}

function RemoveButton(props: OryNodeButtonProps): ReactNode {
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
        <p id={questionId} lang="en" dir="ltr">
          You can no longer use it to sign in afterwards. Do you want to continue?
        </p>
        <div className="flex flex-wrap justify-end gap-3">
          <NodeButton node={CANCEL} type="button" onClick={() => dialog.current?.close()} isSubmitting={false} />
          <elements.Node.Button {...props} buttonProps={remove} />
        </div>
      </dialog>
    </>
  )
}

/** Elements' own buttons take a node of Ory's, so this button is one. */
const CANCEL: OryNodeButtonProps["node"] = {
  type: "input",
  group: "default",
  attributes: { node_type: "input", name: "cancel", type: "button", disabled: false },
  messages: [],
  meta: { label: { id: 0, type: "info", text: "Cancel" } },
}

/** The authenticator app: a QR code to set it up, or a button to remove it. */
export function TotpSettings(props: OrySettingsTotpProps): ReactNode {
  const { totpUnlink, onUnlink, isSubmitting } = props
  return totpUnlink ? (
    <NodeButton node={totpUnlink} onClick={onUnlink} isSubmitting={isSubmitting} />
  ) : (
    <elements.Form.TotpSettings {...props} />
  )
}

/** Backup codes, to write down or to download. */
export function RecoveryCodesSettings(props: OrySettingsRecoveryCodesProps): ReactNode {
  const { codes, regenerateButton, revealButton, onRegenerate, onReveal, isSubmitting } = props
  const download = `data:text/plain,${encodeURIComponent(codes.join("\n"))}`
  return (
    <>
      {codes.length > 0 && (
        <ul className="grid grid-cols-2 gap-4 rounded-general bg-interface-background-default-secondary p-6 text-sm sm:grid-cols-3 md:grid-cols-5">
          {codes.map((code) => (
            <li key={code}>{code}</li>
          ))}
        </ul>
      )}
      {(codes.length > 0 || revealButton) && (
        <div className="flex flex-wrap gap-3">
          {codes.length > 0 && (
            <a
              href={download}
              download="backup-codes.txt"
              lang="en"
              className="rounded-buttons bg-button-secondary-background-default p-4 leading-none font-medium text-button-secondary-foreground-default ring-1 ring-button-secondary-border-default ring-inset"
            >
              Download codes
            </a>
          )}
          {revealButton && <NodeButton node={revealButton} onClick={onReveal} isSubmitting={isSubmitting} />}
          {codes.length > 0 && regenerateButton && (
            <NodeButton node={regenerateButton} onClick={onRegenerate} isSubmitting={isSubmitting} />
          )}
        </div>
      )}
    </>
  )
}

/** Passkeys: a list with a button to remove each, and a button to add one. */
export function PasskeySettings({ triggerButton, removeButtons, isSubmitting }: OrySettingsPasskeyProps): ReactNode {
  return (
    <>
      <KeyList name="Passkey" removeButtons={removeButtons} isSubmitting={isSubmitting} />
      <PasskeyProblem />
      <NodeButton
        node={triggerButton}
        type="button"
        onClick={triggerButton.buttonProps.onClick}
        isSubmitting={isSubmitting}
      />
    </>
  )
}

/** Security keys: a list with a button to remove each, and a field and a button to add one. */
export function WebauthnSettings(props: OrySettingsWebauthnProps): ReactNode {
  const { nameInput, triggerButton, removeButtons, isSubmitting } = props
  return (
    <>
      <KeyList name="Security key" removeButtons={removeButtons} isSubmitting={isSubmitting} />
      <PasskeyProblem />
      <Node.Input node={nameInput} />
      <NodeButton
        node={triggerButton}
        type="button"
        onClick={triggerButton.buttonProps.onClick}
        isSubmitting={isSubmitting}
      />
    </>
  )
}

interface KeyContext {
  display_name?: string
  /** RFC 3339. */
  added_at?: string
}

interface KeyListProps extends Pick<OrySettingsPasskeyProps, "removeButtons" | "isSubmitting"> {
  /** The name of a key that has none. */
  name: string
}

/** Keys with name, date and a button to remove each. Ory disables the button of a key that is the only way to sign in. */
function KeyList({ name, removeButtons, isSubmitting }: KeyListProps): ReactNode {
  if (removeButtons.length === 0) return null
  return (
    <>
      <ul className="flex flex-col gap-4">
        {removeButtons.map((node) => {
          const { display_name, added_at } = (node.meta.label?.context ?? {}) as KeyContext
          return (
            <li key={String(node.attributes.value)} className="flex flex-wrap items-center justify-between gap-3">
              <span>
                {/* Kratos 26.2 calls every passkey "unnamed". */}
                <span className="block font-medium">{display_name === "unnamed" ? name : display_name}</span>
                {added_at !== undefined && (
                  <span className="text-sm text-muted">
                    <LocalDate iso={added_at} />
                  </span>
                )}
              </span>
              <NodeButton node={node} onClick={node.buttonProps.onClick} isSubmitting={isSubmitting} />
            </li>
          )
        })}
      </ul>
      {removeButtons.some(({ attributes }) => attributes.disabled) && (
        <p lang="en" dir="ltr" className="text-sm text-muted">
          This is your only way to sign in. Add another one before you remove it.
        </p>
      )}
    </>
  )
}

/** Accounts at social providers: buttons to link more, and to unlink each. */
export function SsoSettings({ linkButtons, unlinkButtons, isSubmitting }: OrySettingsSsoProps): ReactNode {
  return (
    <>
      {linkButtons.length > 0 && (
        <elements.Form.SsoSettings linkButtons={linkButtons} unlinkButtons={[]} isSubmitting={isSubmitting} />
      )}
      {unlinkButtons.map((node) => (
        <NodeButton
          key={String(node.attributes.value)}
          node={node}
          onClick={node.buttonProps.onClick}
          isSubmitting={isSubmitting}
        />
      ))}
    </>
  )
}

interface NodeButtonProps extends Pick<OryNodeButtonProps["buttonProps"], "onClick"> {
  node: OryNodeButtonProps["node"]
  type?: "submit" | "button"
  isSubmitting: boolean
}

/** A button that Elements leaves to these sections to show. */
function NodeButton({ node, onClick, type = "submit", isSubmitting }: NodeButtonProps): ReactNode {
  const { attributes } = node
  const disabled = isSubmitting || attributes.disabled
  const buttonProps = { type, name: attributes.name, value: String(attributes.value), onClick, disabled }
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- The type still requires `attributes`.
  const props: OryNodeButtonProps = { node, attributes, buttonProps, isSubmitting: false }
  return <Button {...props} />
}
