import { notFound } from "next/navigation"
import type { ReactNode } from "react"
import { DeleteForm } from "./delete-form"
import { PageTitle, Shell } from "@/components/shell"
import { env } from "@/lib/env"
import type { Query } from "@/lib/flows"
import { pageTexts, titled } from "@/lib/language"
import { requireSession } from "@/lib/session"

export const generateMetadata = titled((texts) => texts.deleteAccount.title)
export const instant = false

/** Needs Ory's admin API, so it exists only with ORY_ADMIN_URL. `auth/delete-account/route.ts` processes the form. */
export default async function DeleteAccountPage({ searchParams }: { searchParams: Query }): Promise<ReactNode> {
  const session = await requireSession({ maxAgeSeconds: 900, fresh: true })
  if (env.oryAdminUrl === undefined) return notFound()
  const { id, traits } = session.identity
  const { problem } = await searchParams
  const { deleteAccount: texts } = await pageTexts()
  const problems = new Map(Object.entries({ ...texts.problems, ...texts.reasons }))

  return (
    <Shell session={session}>
      <PageTitle title={texts.title}>{texts.intro}</PageTitle>
      <DeleteForm
        address={traits.email ?? id}
        problem={typeof problem === "string" ? problems.get(problem) : undefined}
        texts={texts.form}
      />
    </Shell>
  )
}
