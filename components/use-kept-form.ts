"use client"

import { useCallback, useState, type MouseEvent, type RefCallback } from "react"

interface KeptForm {
  /** For the form: refills it once with the text that this user typed before leaving. */
  ref: RefCallback<HTMLFormElement>
  /** Whether the form was refilled. */
  refilled: boolean
  /** `onClick` of the link inside the form that leaves the page. */
  keep: (event: MouseEvent<HTMLElement>) => void
}

/**
 * Keeps a form's text in this tab's session storage while the user re-authenticates. It is never sent anywhere and is
 * read once, by the same form of the same user. Text of another user is removed unread. Only plain text fields are kept,
 * so no password is.
 *
 * @param userId The identity's id.
 * @param name Identifies the form.
 */
export function useKeptForm(userId: string, name: string): KeptForm {
  const [refilled, setRefilled] = useState(false)
  const ref = useCallback(
    (form: HTMLFormElement | null) => {
      const values = form && take(userId, name)
      if (!values) return
      for (const field of textFields(form)) field.value = values[field.name] ?? field.value
      setRefilled(true)
    },
    [userId, name],
  )
  const keep = (event: MouseEvent<HTMLElement>): void => {
    const form = event.currentTarget.closest("form")
    if (form) put(userId, name, Object.fromEntries(textFields(form).map(({ name, value }) => [name, value])))
  }
  return { ref, refilled, keep }
}

const PREFIX = "kept-form "

function put(userId: string, name: string, values: Record<string, string>): void {
  try {
    sessionStorage.setItem(`${PREFIX}${userId} ${name}`, JSON.stringify(values))
  } catch {
    // Storage is unavailable: the form shows the saved values again.
  }
}

function take(userId: string, name: string): Partial<Record<string, string>> | undefined {
  try {
    const own = `${PREFIX}${userId} `
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
    (field) =>
      field instanceof HTMLTextAreaElement ||
      (field instanceof HTMLInputElement && ["text", "email", "tel", "url"].includes(field.type)),
  ) as (HTMLInputElement | HTMLTextAreaElement)[]
}
