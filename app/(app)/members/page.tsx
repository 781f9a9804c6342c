import type { ReactNode } from "react"
import { PageTitle, Shell } from "@/components/shell"
import { pageTexts, titled } from "@/lib/language"
import { requireSession } from "@/lib/session"

export const generateMetadata = titled((texts) => texts.members.title)
export const instant = false

/** Example of a page that requires a confirmed email address. Other users are sent to confirm it, then back to this page. */
export default async function MembersPage(): Promise<ReactNode> {
  const session = await requireSession({ verified: true })
  const { members: texts } = await pageTexts()

  return (
    <Shell session={session}>
      <PageTitle title={texts.title}>{texts.intro}</PageTitle>
      <dl className="card mt-8 grid gap-x-8 gap-y-2 p-5 text-sm sm:grid-cols-[auto_1fr]">
        <dt className="text-muted-foreground">{texts.email}</dt>
        <dd className="font-medium wrap-anywhere">{session.identity.traits.email}</dd>
      </dl>
    </Shell>
  )
}
