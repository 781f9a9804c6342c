"use client"

import { useSyncExternalStore, type ReactNode } from "react"

interface Props {
  /** RFC 3339, as Ory sends it. */
  iso: string
  /** The language. By default, that of the page. */
  locale?: string
}

/** A date and time in the language of the page and the user's time zone. Rendered in UTC on the server, which does not know the zone. */
export function LocalTime(props: Props): ReactNode {
  const utc = `${props.iso.slice(0, 16).replace("T", " ")} UTC`
  return <Time {...props} format={{ dateStyle: "medium", timeStyle: "short" }} utc={utc} />
}

/** A date, like {@link LocalTime}. */
export function LocalDate(props: Props): ReactNode {
  return <Time {...props} format={{ dateStyle: "long" }} utc={props.iso.slice(0, 10)} />
}

function Time({ iso, locale, format, utc }: Props & { format: Intl.DateTimeFormatOptions; utc: string }): ReactNode {
  const text = useSyncExternalStore(
    () => () => undefined,
    () => new Intl.DateTimeFormat(withRegion(locale ?? document.documentElement.lang), format).format(new Date(iso)),
    () => utc,
  )
  return <time dateTime={iso}>{text}</time>
}

/** The language as the browser has it, because English dates differ between the United States and Britain. */
function withRegion(language: string): string {
  return navigator.languages.find((own) => own.split("-", 1)[0] === language) ?? language
}
