"use client"

import { useState, type ReactNode } from "react"
import { paths } from "@/lib/routes"
import type { Texts } from "@/lib/texts"

interface Props {
  /** The address that the user types to confirm the deletion. */
  address: string
  /** Why the last attempt failed. */
  problem: string | undefined
  texts: Texts["deleteAccount"]["form"]
}

export function DeleteForm({ address, problem, texts }: Props): ReactNode {
  const [busy, setBusy] = useState(false)
  return (
    <form
      action={paths.deleteAccountForm}
      method="post"
      onSubmit={(event) => {
        // A second click must not submit the form again.
        if (busy) event.preventDefault()
        setBusy(true)
      }}
      className="card mt-8 flex flex-col gap-4 border-destructive p-5"
    >
      <label className="flex flex-col gap-1.5 text-sm font-medium">
        {texts.label}
        <span className="font-normal break-all text-muted-foreground">{address}</span>
        <input
          name="address"
          required
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          aria-describedby="problem"
          className="h-10 rounded-md border border-input bg-card px-3 text-base font-normal sm:text-sm"
        />
      </label>
      <p id="problem" role="alert" className="text-sm text-destructive empty:hidden">
        {problem}
      </p>
      <button className="button self-start border-destructive text-destructive" aria-disabled={busy}>
        {busy ? texts.deleting : texts.delete}
      </button>
    </form>
  )
}
