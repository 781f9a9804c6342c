"use client"

import { useSyncExternalStore, type ReactNode } from "react"

interface Props {
  /** RFC 3339, as Ory sends it. */
  iso: string
}

/** A date and time in the user's language and time zone. Rendered in UTC on the server, which knows neither. */
export function LocalTime({ iso }: Props): ReactNode {
  return (
    <Time
      iso={iso}
      format={{ dateStyle: "medium", timeStyle: "short" }}
      utc={`${iso.slice(0, 16).replace("T", " ")} UTC`}
    />
  )
}

/** A date in the user's language and time zone, like {@link LocalTime}. */
export function LocalDate({ iso }: Props): ReactNode {
  return <Time iso={iso} format={{ dateStyle: "long" }} utc={iso.slice(0, 10)} />
}

function Time({ iso, format, utc }: Props & { format: Intl.DateTimeFormatOptions; utc: string }): ReactNode {
  const text = useSyncExternalStore(
    () => () => undefined,
    () => new Intl.DateTimeFormat(undefined, format).format(new Date(iso)),
    () => utc,
  )
  // A date in a right-to-left language keeps its order on a page in English.
  return (
    <time dateTime={iso} dir="auto">
      {text}
    </time>
  )
}
