"use client"

import { useRouter } from "next/navigation"
import { useActionState, useEffect, type ReactNode } from "react"
import { saveName, type NameState } from "./actions"
import { DeniedMessage } from "@/components/denied-message"
import { useKeptForm } from "@/components/use-kept-form"
import type { Texts } from "@/lib/texts"

interface Props {
  userId: string
  first: string
  last: string
  texts: Texts["account"]["form"]
}

/** The form to copy. It shows the result of its action and keeps the typed text, even through a step-up. */
export function NameForm({ userId, first, last, texts }: Props): ReactNode {
  const [state, act, busy] = useActionState<NameState, FormData>(saveName, { values: { first, last } })
  const { ref, refilled, keep } = useKeptForm(userId, "name")
  const router = useRouter()
  // The menu shows the name, too. An action's own response would contain the session from before the change.
  useEffect(() => {
    if (state.saved) router.refresh()
  }, [state, router])
  const hasResult = Boolean(state.saved ?? state.error ?? state.denied)
  return (
    <form ref={ref} action={act} className="card mt-8 flex flex-col gap-4 p-5">
      <div className="grid gap-4 sm:grid-cols-2">
        <Field
          name="first"
          label={texts.firstName}
          autoComplete="given-name"
          value={state.values.first}
          readOnly={busy}
        />
        <Field
          name="last"
          label={texts.lastName}
          autoComplete="family-name"
          value={state.values.last}
          readOnly={busy}
        />
      </div>
      <button className="button-primary self-start" aria-disabled={busy}>
        {busy ? texts.saving : texts.save}
      </button>
      <p role="status" className="text-sm text-muted-foreground empty:hidden">
        {state.saved && !busy && <span className="text-success">✓ {texts.saved}</span>}
        {state.error}
        {state.denied && <DeniedMessage {...state.denied} onLeave={keep} />}
        {refilled && !hasResult && texts.kept}
      </p>
    </form>
  )
}

interface FieldProps {
  name: string
  label: string
  autoComplete: string
  value: string
  /** While the form is sent: React then sets the fields to what was sent. */
  readOnly: boolean
}

function Field({ label, value, ...input }: FieldProps): ReactNode {
  return (
    <label className="flex flex-col gap-1.5 text-sm font-medium">
      {label}
      <input
        {...input}
        defaultValue={value}
        maxLength={100}
        className="h-10 rounded-md border border-input bg-card px-3 text-base font-normal sm:text-sm"
      />
    </label>
  )
}
