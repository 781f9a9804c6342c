"use client"

import {
  useOryFlow,
  type OryFormRootProps,
  type OryMessageRootProps,
  type OryNodeCheckboxProps,
  type OryNodeInputProps,
  type OryNodeLabelProps,
  type OryNodeTextProps,
} from "@ory/elements-react"
import { getOryComponents } from "@ory/elements-react/theme"
import {
  createContext,
  use,
  useEffect,
  useRef,
  useState,
  type ComponentType,
  type ReactNode,
  type RefObject,
  type SubmitEvent,
} from "react"
import { useKeptAddress, WaysOn } from "./address"
import { useHasFailed } from "./failed-request"
import { useFormLanguage } from "./own-texts"

/**
 * Forms and fields of Ory Elements in which every error is at its field, announced by screen readers, and gets the focus. Elements
 * 1.2.1 sends incomplete forms, and shows errors without a connection to their fields.
 */

const elements = getOryComponents()

/** The browser's message for each invalid field, by the field's name. A form with one is not sent. */
type Problems = Readonly<Record<string, string>>
export const FieldProblems = createContext<Problems>({})

interface CheckedForm {
  ref: RefObject<HTMLFormElement | null>
  onSubmit: (event: SubmitEvent<HTMLFormElement>) => void
  problems: Problems
}

/**
 * Sends a form only if the fields of the chosen method are filled in. Otherwise it focuses the first field that is not. After
 * Ory's response, it focuses the first field that Ory rejected, or else the form's heading.
 */
export function useCheckedForm(send: OryFormRootProps["onSubmit"]): CheckedForm {
  const { flow, formState } = useOryFlow()
  const [problems, setProblems] = useState<Problems>({})
  const ref = useRef<HTMLFormElement>(null)
  const sent = useRef<object>(null)
  const hasFailed = useHasFailed()

  useEffect(() => {
    if (ref.current === null || sent.current === null || formState.isSubmitting) return
    if (sent.current === flow && !hasFailed) return
    sent.current = null
    focusResult(ref.current, hasFailed || (flow.ui.messages?.some(({ type }) => type === "error") ?? false))
  }, [flow, formState.isSubmitting, hasFailed])

  const onSubmit = (event: SubmitEvent<HTMLFormElement>): void => {
    const invalid = invalidFields(event.currentTarget, event.nativeEvent.submitter)
    setProblems(Object.fromEntries(invalid.map((field) => [field.name, field.validationMessage])))
    if (invalid[0] === undefined) {
      sent.current = flow
      send(event)
    } else {
      event.preventDefault()
      invalid[0].focus()
    }
  }
  return { ref, onSubmit, problems }
}

/** The fields that are missing or malformed, of those that belong to the button's method or to every method. */
function invalidFields(form: HTMLFormElement, button: HTMLElement | null): HTMLInputElement[] {
  if (!(button instanceof HTMLButtonElement) || button.name !== "method") return []
  const groups = [button.value, "default", "profile", "identifier_first"]
  return Array.from(form.querySelectorAll<HTMLInputElement>("input[data-group]")).filter(
    (field) => groups.includes(field.dataset.group ?? "") && !field.checkValidity(),
  )
}

function focusResult(form: HTMLFormElement, failed: boolean): void {
  const fields = Array.from(form.querySelectorAll<HTMLInputElement>("input[data-group]:not([type=hidden])"))
  const rejected = form.querySelector<HTMLElement>("[aria-invalid=true]")
  const retry = failed ? (fields.find(({ value }) => value === "") ?? fields[0]) : undefined
  const heading = (form.closest("[data-testid='ory/card']") ?? form).querySelector<HTMLElement>("[tabindex='-1']")
  const target = rejected ?? retry ?? (fields.length === 0 || form.id !== "" ? heading : undefined)
  target?.focus()
}

/** Elements' form. `noValidate`, because the browser's own bubbles disappear after a few seconds. */
export function Form({ onSubmit, children, action, method }: OryFormRootProps): ReactNode {
  const { problems, ...form } = useCheckedForm(onSubmit)
  return (
    <FieldProblems value={problems}>
      <form {...form} action={action} method={method} noValidate className="grid grid-cols-1 gap-5">
        {children}
      </form>
    </FieldProblems>
  )
}

const messagesId = (name: string): string => `${name}-messages`

/** What browsers may fill in, where Ory does not say it. https://www.w3.org/TR/WCAG22/#input-purposes */
const AUTOCOMPLETE: Readonly<Record<string, string>> = {
  identifier: "username",
  "traits.email": "email",
  "traits.name.first": "given-name",
  "traits.name.last": "family-name",
  email: "email",
  code: "one-time-code",
  totp_code: "one-time-code",
}

interface ErrorAttributes {
  "data-group": string
  "aria-invalid": true | undefined
  "aria-describedby": string | undefined
}

/** Attributes that connect a field with its messages. */
function errorAttributes(
  { attributes, group, messages }: OryNodeInputProps["node"],
  problem?: string,
): ErrorAttributes {
  return {
    "data-group": group,
    "aria-invalid": problem !== undefined || messages.some(({ type }) => type === "error") || undefined,
    "aria-describedby": problem !== undefined || messages.length > 0 ? messagesId(attributes.name) : undefined,
  }
}

/** A field that names its error for screen readers. */
function field(Field: ComponentType<OryNodeInputProps>): ComponentType<OryNodeInputProps> {
  return function FieldWithError(props: OryNodeInputProps) {
    const { node, inputProps } = props
    const { name, required } = node.attributes
    const problem = use(FieldProblems)[name]
    useKeptAddress(name, inputProps.value, inputProps.onChange)
    const autoComplete = inputProps.autoComplete ?? AUTOCOMPLETE[name]
    // Each field has a label. A placeholder would repeat it, and looks like a value.
    const attributes = { required, autoComplete, placeholder: "", ...errorAttributes(node, problem) }
    return <Field {...props} inputProps={{ ...inputProps, ...attributes }} />
  }
}

export const Input = field(elements.Node.Input)
const CodeField = field(elements.Node.CodeInput)

/** The field for a code. Its digits run from left to right in every language. */
export function CodeInput(props: OryNodeInputProps): ReactNode {
  return (
    <div dir="ltr">
      <CodeField {...props} />
    </div>
  )
}

/**
 * The field with our own label in place of Ory's, which is the `title` in `ory/identity.schema.json`, in one language. Kratos 1.3 sends no
 * name by which Elements could translate it.
 */
function useLabelled<Node extends OryNodeLabelProps["node"]>(node: Node): Node {
  const { locale, own } = useFormLanguage()
  const labels: Partial<Record<string, string>> = own.texts.labels
  const text = own.locale === locale ? labels[node.attributes.name] : undefined
  if (text === undefined || node.meta.label?.id !== TITLE) return node
  return { ...node, meta: { label: { id: TITLE, type: "info", text, context: { title: text } } } }
}

/** Ory's message for the title of a field. https://www.ory.com/docs/kratos/concepts/ui-messages */
const TITLE = 1070002

/** A checkbox. It is never `required`, because an unchecked box is a value, and Ory says when it must be checked. */
export function Checkbox(props: OryNodeCheckboxProps): ReactNode {
  const { inputProps } = props
  const node = useLabelled(props.node)
  return (
    <div className="flex flex-col gap-1">
      <elements.Node.Checkbox
        {...props}
        node={{ ...node, messages: [] }}
        inputProps={{ ...inputProps, ...errorAttributes(node) }}
      />
      <FieldMessages node={node} />
    </div>
  )
}

/** A field with its label and its messages. */
export function Label({ children, ...props }: OryNodeLabelProps): ReactNode {
  const node = useLabelled(props.node)
  return (
    <elements.Node.Label {...props} node={{ ...node, messages: [] }}>
      {children}
      <FieldMessages node={props.node} />
    </elements.Node.Label>
  )
}

function FieldMessages({ node: { messages, attributes } }: Pick<OryNodeInputProps, "node">): ReactNode {
  const problem = use(FieldProblems)[attributes.name]
  if (problem === undefined && messages.length === 0) return null
  return (
    <div id={messagesId(attributes.name)} role="alert">
      {problem !== undefined && <p className="text-interface-foreground-validation-danger">{problem}</p>}
      {messages.map((message) => (
        <elements.Message.Content key={message.id} message={message} />
      ))}
    </div>
  )
}

/** The messages of the whole form, and links to what helps. */
export function Messages({ children }: OryMessageRootProps): ReactNode {
  const { flow } = useOryFlow()
  const role = flow.ui.messages?.some(({ type }) => type === "error") ? "alert" : "status"
  return (
    <div key={role} role={role} className="empty:hidden">
      <elements.Message.Root>{children}</elements.Message.Root>
      <WaysOn />
    </div>
  )
}

/** Text of Ory's. The secret of an authenticator app is a field with a label, so that users can copy it. */
export function Text(props: OryNodeTextProps): ReactNode {
  const { node } = props
  const { id, text } = node.attributes
  const labelId = `${id}-label`
  if (id !== "totp_secret_key" || node.meta.label === undefined) return <elements.Node.Text {...props} />
  return (
    <div className="flex flex-col gap-1.5">
      <span id={labelId}>
        <elements.Message.Content message={node.meta.label} />
      </span>
      <input
        aria-labelledby={labelId}
        name={id}
        value={text.text}
        readOnly
        className="rounded-md border border-input bg-card px-3 font-mono"
      />
    </div>
  )
}
