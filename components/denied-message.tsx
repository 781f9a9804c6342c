import type { MouseEventHandler, ReactNode } from "react"
import type { Denied } from "@/lib/session"

const REASONS: Record<Denied["code"], [why: string, cure?: string]> = {
  unauthenticated: ["You are signed out.", "Sign in and come back"],
  session_aal2_required: ["Your second factor is due.", "Sign in and come back"],
  session_refresh_required: ["You signed in a while ago.", "Confirm it is you and come back"],
  ory_unavailable: ["We cannot check your session at the moment."],
}

/** Says why an action did nothing, and leads to what it lacks. `onLeave` is the moment to keep what was typed. */
export function DeniedMessage({ code, location, onLeave }: Denied & { onLeave?: MouseEventHandler<HTMLAnchorElement> }): ReactNode {
  const [why, cure] = REASONS[code]
  if (location === null) return `Nothing was changed. ${why} Try again.`
  return (
    <>
      Nothing was changed. {why}{" "}
      <a href={location} onClick={onLeave} className="font-medium text-accent underline">
        {cure}
      </a>
    </>
  )
}
