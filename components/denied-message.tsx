import type { MouseEventHandler, ReactNode } from "react"
import type { Denied } from "@/lib/session"

const REASONS: Record<Denied["code"], [why: string, cure?: string]> = {
  unauthenticated: ["You are signed out.", "Sign in and come back"],
  session_aal2_required: ["This needs your second factor.", "Sign in and come back"],
  session_refresh_required: ["You signed in a while ago.", "Confirm it is you and come back"],
  cross_site_request: ["This form was sent from another site."],
  ory_unavailable: ["We can't check your session right now."],
}

/** Explains why an action was refused, with a link to the missing step. `onLeave` runs before the browser leaves: keep the typed text there. */
export function DeniedMessage({
  code,
  location,
  onLeave,
}: Denied & { onLeave?: MouseEventHandler<HTMLAnchorElement> }): ReactNode {
  const [why, cure] = REASONS[code]
  if (location === null) return `Nothing was changed. ${why} Try again.`
  return (
    <>
      Nothing was changed. {why}{" "}
      <a href={location} onClick={onLeave} className="font-medium text-primary underline">
        {cure}
      </a>
    </>
  )
}
