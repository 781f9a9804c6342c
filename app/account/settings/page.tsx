import type { Metadata } from "next"
import type { ReactNode } from "react"
import { Settings } from "@/elements/elements"
import { Shell } from "@/components/shell"
import { browserOryUrl, requireFlow, type Query } from "@/lib/flows"
import { preferredLanguage } from "@/lib/language"
import { requireSession } from "@/lib/session"

export const metadata: Metadata = { title: "Settings" }
export const instant = false

export default async function SettingsPage({ searchParams }: { searchParams: Query }): Promise<ReactNode> {
  const session = await requireSession({ fresh: true })
  const flow = await requireFlow("settings", searchParams)
  return (
    <Shell session={session}>
      <h1 className="text-2xl font-semibold tracking-tight">Settings</h1>
      <p className="mb-8 mt-1 text-muted">Your profile, and the ways you sign in.</p>
      {/* Visible when `lib/flows.ts` sends a user here to enrol a second factor: the address ends in #second-factor, also after Ory's redirects. */}
      <p
        id="second-factor"
        className="mb-8 hidden rounded-2xl border border-line bg-surface px-5 py-4 text-sm target:block"
      >
        The page you opened needs a second factor. Set up an authenticator app or backup codes here. Then you return to
        that page.
      </p>
      {flow && (
        <Settings flow={flow} oryUrl={await browserOryUrl()} language={await preferredLanguage()} session={session} />
      )}
    </Shell>
  )
}
