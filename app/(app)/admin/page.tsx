import type { ReactNode } from "react"
import { PageTitle, Shell } from "@/components/shell"
import { pageTexts, titled } from "@/lib/language"
import { requireSession } from "@/lib/session"

export const generateMetadata = titled((texts) => texts.admin.title)
export const instant = false

/** Example of a page that requires a role. Other users see `/forbidden`. See docs/roles.md. */
export default async function AdminPage(): Promise<ReactNode> {
  const session = await requireSession({ role: "admin" })
  const { admin: texts } = await pageTexts()
  const { traits, role } = session.identity

  return (
    <Shell session={session}>
      <PageTitle title={texts.title}>{texts.intro}</PageTitle>
      <dl className="card mt-8 grid gap-x-8 gap-y-2 p-5 text-sm sm:grid-cols-[auto_1fr]">
        <dt className="text-muted-foreground">{texts.email}</dt>
        <dd className="font-medium wrap-anywhere">{traits.email}</dd>
        <dt className="text-muted-foreground">{texts.role}</dt>
        <dd className="font-medium">{role}</dd>
      </dl>
    </Shell>
  )
}
