import type { Metadata } from "next"
import type { ReactNode } from "react"
import { Settings } from "@/elements/elements"
import { Shell } from "@/components/shell"
import { browserOryUrl, requireFlow, type Query } from "@/lib/flows"
import { preferredLanguage } from "@/lib/language"
import { accessTo } from "@/lib/routes"
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
      {session.authenticator_assurance_level !== "aal2" && returnsToSecondFactor(flow) && (
        <p className="mb-8 rounded-2xl border border-line bg-surface px-5 py-4 text-sm">
          The page you opened needs a second factor. Set up an authenticator app or backup codes here. Then you return
          to that page.
        </p>
      )}
      {flow && (
        <Settings flow={flow} oryUrl={await browserOryUrl()} language={await preferredLanguage()} session={session} />
      )}
    </Shell>
  )
}

/** Whether the user returns from these settings to a page that requires a second factor: see `lib/flows.ts`. */
function returnsToSecondFactor(flow: { return_to?: string } | null): boolean {
  return flow?.return_to !== undefined && accessTo(new URL(flow.return_to).pathname).aal === "aal2"
}
