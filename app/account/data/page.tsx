import type { Metadata } from "next"
import type { ReactNode } from "react"
import { DownloadLink } from "./download-link"
import { Shell } from "@/components/shell"
import { requireSession } from "@/lib/session"

export const metadata: Metadata = { title: "Your data" }
export const instant = false

/** Example of a page that requires a second factor. Users without one are sent to enrol it, then back to this page. */
export default async function DataPage(): Promise<ReactNode> {
  const session = await requireSession({ aal: "aal2" })

  return (
    <Shell session={session}>
      <h1 className="text-2xl font-semibold tracking-tight">Your data</h1>
      <p className="mt-1 max-w-xl text-muted">
        Everything we store about your account, as a JSON file: your profile, your addresses, and where you are signed
        in. It contains no password.
      </p>
      <DownloadLink />
    </Shell>
  )
}
