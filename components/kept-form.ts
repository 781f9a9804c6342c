"use client"

import { useCallback, useState, type MouseEvent, type RefCallback } from "react"

interface KeptForm {
  /** For the form: fills it in again, once, with what this person typed before they had to leave. */
  ref: RefCallback<HTMLFormElement>
  /** Whether it did. */
  refilled: boolean
  /** For the link inside the form that leads away and back. */
  keep: (event: MouseEvent<HTMLElement>) => void
}

/**
 * Keeps the text of a form while the person proves who they are elsewhere: in this tab's session storage, never sent
 * anywhere. It is read once, by the same form of the same person; what another person left is removed unread. Only fields
 * of plain text are kept, so no password is.
 *
 * @param person The identity's id.
 * @param name The form's own.
 */
export function useKeptForm(person: string, name: string): KeptForm {
  const [refilled, setRefilled] = useState(false)
  const ref = useCallback(
    (form: HTMLFormElement | null) => {
      const values = form && take(person, name)
      if (!values) return
      for (const field of textFields(form)) field.value = values[field.name] ?? field.value
      setRefilled(true)
    },
    [person, name],
  )
  const keep = (event: MouseEvent<HTMLElement>): void => {
    const form = event.currentTarget.closest("form")
    if (form) put(person, name, Object.fromEntries(textFields(form).map(({ name, value }) => [name, value])))
  }
  return { ref, refilled, keep }
}

const PREFIX = "kept-form "

function put(person: string, name: string, values: Record<string, string>): void {
  try {
    sessionStorage.setItem(`${PREFIX}${person} ${name}`, JSON.stringify(values))
  } catch {
    // A browser that stores nothing: the form comes back as it was saved.
  }
}

function take(person: string, name: string): Partial<Record<string, string>> | undefined {
  try {
    const own = `${PREFIX}${person} `
    const text = sessionStorage.getItem(own + name)
    for (const key of Object.keys(sessionStorage))
      if (key === own + name || (key.startsWith(PREFIX) && !key.startsWith(own))) sessionStorage.removeItem(key)
    return text === null ? undefined : (JSON.parse(text) as Partial<Record<string, string>>)
  } catch {
    return undefined
  }
}

function textFields(form: HTMLFormElement): (HTMLInputElement | HTMLTextAreaElement)[] {
  return [...form.elements].filter(
    (field) => field instanceof HTMLTextAreaElement || (field instanceof HTMLInputElement && ["text", "email", "tel", "url"].includes(field.type)),
  ) as (HTMLInputElement | HTMLTextAreaElement)[]
}
