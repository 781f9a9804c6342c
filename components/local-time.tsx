"use client"

import { useSyncExternalStore, type ReactNode } from "react"

/** A moment in the person's own language and time zone, which only the browser knows; until then in UTC. */
export function LocalTime({ iso }: { iso: string }): ReactNode {
  const text = useSyncExternalStore(
    () => () => undefined,
    () => new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso)),
    () => `${iso.slice(0, 16).replace("T", " ")} UTC`,
  )
  return <time dateTime={iso}>{text}</time>
}
