import type { ReactNode } from "react"
import { Settings } from "@/elements/settings-form"
import { PageTitle, Shell } from "@/components/shell"
import { currentRequest } from "@/lib/current-request"
import { browserOryUrl, requireFlow, withHidden, type Query } from "@/lib/flows"
import { formLanguage, pageTexts, titled } from "@/lib/language"
import { returnTo } from "@/lib/return-to"
import { accessTo } from "@/lib/routes"
import { requireSession } from "@/lib/session"

export const generateMetadata = titled((texts) => texts.security.title)
export const instant = false

export default async function SettingsPage({ searchParams }: { searchParams: Query }): Promise<ReactNode> {
  const session = await requireSession({ fresh: true })
  const flow = await requireFlow("settings", searchParams)
  const { appUrl } = await currentRequest()
  const { title, intro, secondFactorNeeded } = (await pageTexts()).security
  return (
    <Shell session={session}>
      <PageTitle title={title}>{intro}</PageTitle>
      {session.authenticator_assurance_level !== "aal2" && returnsToSecondFactor(flow, appUrl) && (
        <p className="card mt-6 px-5 py-4 text-sm">{secondFactorNeeded}</p>
      )}
      <div className="mt-8">
        {flow && (
          <Settings
            // The profile page has the name.
            flow={withHidden(flow, ["traits.name.first", "traits.name.last"])}
            oryUrl={await browserOryUrl()}
            language={await formLanguage()}
            session={session}
          />
        )}
      </div>
    </Shell>
  )
}

/** Whether the user returns from these settings to a page that requires a second factor: see `lib/flows.ts`. */
function returnsToSecondFactor(flow: { return_to?: string } | null, appUrl: string): boolean {
  return accessTo(new URL(returnTo(flow?.return_to, appUrl)).pathname).aal === "aal2"
}
