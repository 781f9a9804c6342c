import type { ReactNode } from "react"
import { DownloadLink } from "./download-link"
import { PageTitle, Shell } from "@/components/shell"
import { pageTexts, titled } from "@/lib/language"
import { requireSession } from "@/lib/session"

export const generateMetadata = titled((texts) => texts.data.title)
export const instant = false

/** Example of a page that requires a second factor. Users without one are sent to enrol it, then back to this page. */
export default async function DataPage(): Promise<ReactNode> {
  const session = await requireSession({ aal: "aal2" })
  const { data } = await pageTexts()

  return (
    <Shell session={session}>
      <PageTitle title={data.title}>{data.intro}</PageTitle>
      <DownloadLink texts={data} />
    </Shell>
  )
}
