"use client"

import {
  Node,
  useOryFlow,
  type OryCardSettingsSectionProps,
  type OryFormSectionContentProps,
  type OryFormSectionFooterProps,
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
  useState,
  useSyncExternalStore,
  type KeyboardEvent,
  type ComponentProps,
  type ReactNode,
} from "react"
import { LocalDate } from "@/components/local-time"
import { NodeButton } from "./buttons"
import { FailedRequest } from "./failed-request"
import { FieldProblems, useCheckedForm } from "./fields"
import { useFormLanguage, useOwnTexts } from "./own-texts"
import { PasskeyProblem } from "./passkeys"

/**
 * The sections of the settings page. Each section shows the result of its form. Ory Elements 1.2.1 shows results in toasts instead, and
 * its icon buttons have no accessible name.
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
          className="card grid w-full scroll-mt-6 gap-x-10 gap-y-5 p-5 md:grid-cols-[14rem_minmax(0,1fr)] md:grid-rows-[auto_1fr]"
        >
          {children}
        </form>
      </FieldProblems>
    </Section>
  )
}

/** A section's title and description, beside its result and fields. */
export function SettingsSectionContent({ title, description, children }: OryFormSectionContentProps): ReactNode {
  const { group, titleId } = use(Section)
  const [sent] = use(SentSection)
  return (
    <>
      <div className="flex flex-col gap-1 md:row-span-2">
        <h2 id={titleId} tabIndex={-1} className="font-semibold">
          {title}
        </h2>
        <p className="text-sm text-pretty text-muted-foreground">{description}</p>
      </div>
      <div className="section-content ory-elements flex min-w-0 flex-col gap-5">
        <Result isShown={sent === group} />
        <FailedRequest isShown={sent === group} />
        {children}
      </div>
    </>
  )
}

/** A section's hint and its button. Hidden while the fields above it are folded. */
export function SettingsSectionFooter({ text, children }: OryFormSectionFooterProps): ReactNode {
  const { group } = use(Section)
  return (
    <div className="section-footer ory-elements flex flex-wrap items-center gap-3 text-muted-foreground empty:hidden md:col-start-2">
      {children}
      {/* For passkeys, the hint repeats the description. */}
      {text !== undefined && group !== "passkey" && <p>{text}</p>}
    </div>
  )
}

/** The authenticator app: a QR code to set it up, folded until the user wants it, or a button to remove it. */
export function TotpSettings(props: OrySettingsTotpProps): ReactNode {
  const { totpImage, totpInput, totpSecret, totpUnlink, onUnlink, isSubmitting } = props
  const { texts, language } = useOwnTexts()
  const hasError = totpInput?.messages.some(({ type }) => type === "error")
  if (totpUnlink) return <NodeButton node={totpUnlink} onClick={onUnlink} isSubmitting={isSubmitting} />
  return (
    <details open={hasError}>
      <summary {...language}>{texts.setUp}</summary>
      <div className="grid gap-6 sm:grid-cols-[auto_minmax(0,1fr)]">
        <div className="size-44 overflow-hidden rounded-lg bg-[white] ring-1 ring-border">
          {totpImage && <Node node={totpImage} />}
        </div>
        <div className="flex flex-col gap-5">
          {totpSecret && <Node node={totpSecret} />}
          {totpInput && <Node node={totpInput} />}
        </div>
      </div>
    </details>
  )
}

/** Backup codes, to write down or to download. */
export function RecoveryCodesSettings(props: OrySettingsRecoveryCodesProps): ReactNode {
  const { regenerateButton, revealButton, onRegenerate, onReveal, isSubmitting } = props
  // In place of a used code, Ory returns an English sentence.
  const codes = props.codes.filter((code) => !code.includes(" "))
  const { texts, language } = useOwnTexts()
  const download = `data:text/plain,${encodeURIComponent(codes.join("\n"))}`
  return (
    <>
      {codes.length > 0 && (
        <ul className="grid grid-cols-2 gap-3 codes rounded-lg bg-muted font-mono text-sm sm:grid-cols-3">
          {codes.map((code) => (
            <li key={code}>{code}</li>
          ))}
        </ul>
      )}
      {(codes.length > 0 || revealButton) && (
        <div className="flex flex-wrap gap-3">
          {codes.length > 0 && (
            <a href={download} download="backup-codes.txt" {...language} className="button">
              {texts.downloadCodes}
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
export function PasskeySettings(props: OrySettingsPasskeyProps): ReactNode {
  return <Keys name={useOwnTexts().texts.passkey} {...props} />
}

/** Security keys: a list with a button to remove each, and a field and a button to add one. */
export function WebauthnSettings(props: OrySettingsWebauthnProps): ReactNode {
  return (
    <Keys name={useOwnTexts().texts.securityKey} {...props}>
      <div onKeyDown={addKeyByEnter}>
        <Node.Input node={props.nameInput} />
      </div>
    </Keys>
  )
}

/** Browsers would press the form's first submit button, which removes a key. */
function addKeyByEnter(event: KeyboardEvent<HTMLElement>): void {
  if (event.key !== "Enter") return
  event.preventDefault()
  const form = event.currentTarget.closest("form")
  form?.querySelector<HTMLElement>("button[name=webauthn_register_trigger]")?.click()
}

interface KeysProps extends OrySettingsPasskeyProps {
  /** The name of a key that has none. */
  name: string
  /** Fields that a new key needs. */
  children?: ReactNode
}

function Keys({ name, triggerButton, removeButtons, isSubmitting, children }: KeysProps): ReactNode {
  return (
    <>
      <KeyList name={name} removeButtons={removeButtons} isSubmitting={isSubmitting} />
      <PasskeyProblem />
      {children}
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

/** Keys with name, date and a button to remove each. Ory disables the button of a key that is the only way to sign in. */
function KeyList({
  name,
  removeButtons,
  isSubmitting,
}: Pick<KeysProps, "name" | "removeButtons" | "isSubmitting">): ReactNode {
  const { locale } = useFormLanguage()
  const { texts, language } = useOwnTexts()
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
                  <span className="text-sm text-muted-foreground">
                    <LocalDate iso={added_at} locale={locale} />
                  </span>
                )}
              </span>
              <NodeButton node={node} onClick={node.buttonProps.onClick} isSubmitting={isSubmitting} />
            </li>
          )
        })}
      </ul>
      {removeButtons.some(({ attributes }) => attributes.disabled) && (
        <p {...language} className="text-sm text-muted-foreground">
          {texts.onlyWayToSignIn}
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
