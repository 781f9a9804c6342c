import type { Metadata } from "next"
import type { ReactNode } from "react"
import { DownloadLink } from "@/components/download-link"
import { Shell } from "@/components/shell"
import { requireSession } from "@/lib/session"

export const metadata: Metadata = { title: "Your data" }

/** The example of a page that asks for a second factor. Who has none is led to enrol one, and comes back. */
export default async function DataPage(): Promise<ReactNode> {
  const session = await requireSession({ aal: "aal2" })

  return (
    <Shell session={session}>
      <h1 className="text-2xl font-semibold tracking-tight">Your data</h1>
      <p className="mt-1 max-w-xl text-muted">
        All that Ory gives you about yourself, as a JSON file: your profile, your addresses, and where you are signed in. No
        password is in it.
      </p>
      <DownloadLink />
    </Shell>
  )
}
