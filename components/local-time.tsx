"use client"

import { useSyncExternalStore, type ReactNode } from "react"

/** A date and time in the user's language and time zone. Rendered in UTC on the server, which knows neither. */
export function LocalTime({ iso }: { iso: string }): ReactNode {
  const text = useSyncExternalStore(
    () => () => undefined,
    () => new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso)),
    () => `${iso.slice(0, 16).replace("T", " ")} UTC`,
  )
  return <time dateTime={iso}>{text}</time>
}
