"use client"

import { useOryFlow } from "@ory/elements-react"
import { useEffect, type MouseEvent, type ReactNode } from "react"
import { paths } from "@/lib/routes"
import type { Texts } from "@/lib/texts"
import { useOwnTexts } from "./own-texts"

/** Links from a form whose address has an account, or has none, to the page that helps. The typed address goes along. */

const KEY = "typed-address"

/** The fields for an address, on the forms for sign-in, sign-up and recovery. */
const FIELDS = ["identifier", "traits.email", "email", "recovery_address"]

/** Where each of Ory's messages leads. https://www.ory.com/docs/kratos/concepts/ui-messages */
const WAYS: Readonly<Record<number, readonly ("login" | "registration" | "recovery")[]>> = {
  // Wrong credentials. Ory does not tell a wrong password from an unknown address.
  4000006: ["recovery", "registration"],
  // The address has an account.
  4000007: ["login", "recovery"],
  4000027: ["login", "recovery"],
  4000028: ["login", "recovery"],
  // No account, or none that signs in with a code.
  4000035: ["registration"],
}

const TEXTS = {
  login: "signInInstead",
  registration: "createAccount",
  recovery: "resetPassword",
} as const satisfies Record<string, keyof Texts["forms"]>

/** The look of Elements' own links. */
export const LINK =
  "cursor-pointer text-button-link-brand-brand underline transition-colors hover:text-button-link-brand-brand-hover"

/** Links below the form's messages. Nothing if none of them needs one. */
export function WaysOn(): ReactNode {
  const { texts, language } = useOwnTexts()
  const { flow } = useOryFlow()
  const ways = (flow.ui.messages ?? []).flatMap(({ id }) => WAYS[id] ?? [])
  if (ways.length === 0) return null
  const query = flow.return_to === undefined ? "" : `?return_to=${encodeURIComponent(flow.return_to)}`
  return (
    <p {...language} className="mt-2 flex flex-wrap gap-4">
      {ways.map((way) => (
        // A link, not next/link: the page creates a new flow at Ory.
        <a key={way} href={paths[way] + query} onClick={keepAddress} className={LINK}>
          {texts[TEXTS[way]]}
        </a>
      ))}
    </p>
  )
}

/** Keeps the address in this tab's session storage. It is never in a URL, because URLs end in logs. */
function keepAddress(event: MouseEvent<HTMLElement>): void {
  const card = event.currentTarget.closest("[data-testid='ory/card']")
  const fields = Array.from(card?.querySelectorAll("input") ?? []).filter(({ name }) => FIELDS.includes(name))
  const address = fields.find(({ value }) => value !== "")?.value
  try {
    if (address !== undefined) sessionStorage.setItem(KEY, address)
  } catch {
    // Storage is unavailable: the user types the address again.
  }
}

/** Fills an empty field for an address with the one that was kept, once. */
export function useKeptAddress(name: string, value: unknown, onChange: (value: string) => void): void {
  useEffect(() => {
    if (!FIELDS.includes(name) || Boolean(value)) return
    try {
      const address = sessionStorage.getItem(KEY)
      sessionStorage.removeItem(KEY)
      if (address !== null) onChange(address)
    } catch {
      // Storage is unavailable.
    }
    // Only when the field appears, not whenever it is emptied.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [])
}
