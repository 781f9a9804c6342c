"use client"

import type { ReactNode } from "react"
import { useTexts } from "@/components/texts"
import { useUser } from "@/components/user-provider"
import { paths } from "@/lib/routes"

/** A link to sign in or, for a signed-in user, to the dashboard. */
export function AccountLink(): ReactNode {
  const texts = useTexts()
  const [path, text] = useUser() ? [paths.dashboard, texts.nav.dashboard] : [paths.login, texts.signIn]
  return (
    <a href={path} className="button">
      {text}
    </a>
  )
}
