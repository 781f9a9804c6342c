import type { Metadata } from "next"
import type { ReactNode } from "react"
import { DownloadLink } from "./download-link"
import { PageTitle, Shell } from "@/components/shell"
import { requireSession } from "@/lib/session"

export const metadata: Metadata = { title: "Your data" }
export const instant = false

/** Example of a page that requires a second factor. Users without one are sent to enrol it, then back to this page. */
export default async function DataPage(): Promise<ReactNode> {
  const session = await requireSession({ aal: "aal2" })

  return (
    <Shell session={session}>
      <PageTitle title="Your data">
        Everything we store about your account, as a JSON file: your profile, your addresses, and where you are signed
        in. It contains no password.
      </PageTitle>
      <DownloadLink />
    </Shell>
  )
}
