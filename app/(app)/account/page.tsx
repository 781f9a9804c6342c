import type { ReactNode } from "react"
import { NameForm } from "./name-form"
import { PageTitle, Shell } from "@/components/shell"
import { env } from "@/lib/env"
import { pageTexts, titled } from "@/lib/language"
import { paths } from "@/lib/routes"
import { requireSession } from "@/lib/session"

export const generateMetadata = titled((texts) => texts.account.title)
export const instant = false

export default async function AccountPage(): Promise<ReactNode> {
  const session = await requireSession({ fresh: true })
  const { email, name } = session.identity.traits
  const { account: texts, deleteAccount: deletion } = await pageTexts()

  return (
    <Shell session={session}>
      <PageTitle title={texts.title}>{texts.intro}</PageTitle>
      {email !== undefined && !session.identity.verified && (
        <p className="card mt-6 px-5 py-4 text-sm wrap-anywhere">
          {texts.unconfirmed(email)}{" "}
          {/* A link, not next/link: the page creates a flow at Ory, which the router can't follow. */}
          <a href={`${paths.verification}?return_to=${paths.account}`} className="font-medium underline">
            {texts.confirm}
          </a>
        </p>
      )}
      <NameForm userId={session.identity.id} first={name?.first ?? ""} last={name?.last ?? ""} texts={texts.form} />
      {env.oryAdminUrl !== undefined && (
        <section className="card mt-6 flex flex-col items-start gap-4 p-5">
          <h2 className="font-semibold">{deletion.title}</h2>
          <p className="text-sm text-pretty text-muted-foreground">{deletion.intro}</p>
          {/* A link, not next/link: the gate may redirect to sign in, which the router can't follow. */}
          <a href={paths.deleteAccount} className="button text-destructive">
            {deletion.open}
          </a>
        </section>
      )}
    </Shell>
  )
}
