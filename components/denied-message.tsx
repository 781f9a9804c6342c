import type { MouseEventHandler, ReactNode } from "react"
import { useTexts } from "@/components/texts"
import type { Denied } from "@/lib/session"
import type { Texts } from "@/lib/texts"

type Text = keyof Texts["shared"]["denied"]

const REASONS: Record<Denied["code"], [why: Text, cure?: Text]> = {
  unauthenticated: ["signedOut", "signIn"],
  session_aal2_required: ["secondFactor", "signIn"],
  session_refresh_required: ["signInTooOld", "confirm"],
  session_verified_address_required: ["notVerified", "verify"],
  forbidden: ["forbidden"],
  cross_site_request: ["crossSite"],
  ory_unavailable: ["unavailable"],
}

/** Explains why an action was refused, with a link to the missing step. `onLeave` runs before the browser leaves: keep the typed text there. */
export function DeniedMessage({
  code,
  location,
  onLeave,
}: Denied & { onLeave?: MouseEventHandler<HTMLAnchorElement> }): ReactNode {
  const { denied } = useTexts()
  const [why, cure] = REASONS[code]
  const explanation = `${denied.nothingChanged} ${denied[why]} `
  if (code === "forbidden") return explanation
  if (location === null) return explanation + denied.tryAgain
  return (
    <>
      {explanation}
      <a href={location} onClick={onLeave} className="font-medium text-primary underline">
        {cure && denied[cure]}
      </a>
    </>
  )
}
