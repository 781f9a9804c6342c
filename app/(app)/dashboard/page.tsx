import Link from "next/link"
import type { ReactNode } from "react"
import { LocalTime } from "@/components/local-time"
import { PageTitle, Shell } from "@/components/shell"
import { methodName } from "@/lib/authentication-methods"
import { pageTexts, titled } from "@/lib/language"
import { paths } from "@/lib/routes"
import { requireSession, type Session } from "@/lib/session"
import type { Texts } from "@/lib/texts"

export const generateMetadata = titled((texts) => texts.dashboard.title)
export const instant = false

interface Props {
  session: Session
  texts: Texts["dashboard"]
}

/** The page to copy: require the session first, then render. */
export default async function DashboardPage(): Promise<ReactNode> {
  const session = await requireSession()
  const { name } = session.identity.traits
  const { dashboard: texts, ...others } = await pageTexts()

  return (
    <Shell session={session}>
      <PageTitle title={name?.first ? texts.greeting(name.first) : texts.title}>{texts.intro}</PageTitle>
      <div className="mt-8 grid gap-4 md:grid-cols-2">
        <Account session={session} texts={texts} />
        <Security session={session} texts={texts} />
        <section className="flex flex-col items-start gap-2 rounded-xl border border-dashed p-5 md:col-span-2">
          <h2 className="font-semibold">{texts.start.title}</h2>
          <p className="text-sm text-muted-foreground">
            {texts.start.before}{" "}
            <code className="rounded-sm bg-muted px-1 py-0.5 text-xs text-foreground">
              app/(app)/dashboard/page.tsx
            </code>{" "}
            {texts.start.after}
          </p>
        </section>
      </div>
      <details className="mt-6 text-sm">
        <summary className="cursor-pointer font-medium">{texts.session.title}</summary>
        <dl className="mt-3 divide-y rounded-xl border bg-card">
          <Row term={texts.session.since}>
            <LocalTime iso={session.authenticated_at} />
          </Row>
          <Row term={texts.session.end}>
            <LocalTime iso={session.expires_at} />
          </Row>
          <Row term={texts.session.methods}>
            {session.authentication_methods.map((method) => methodName(method, others)).join(", ")}
          </Row>
        </dl>
        {/* A link, not next/link: this redirects to Ory, which the router can't follow. */}
        <a href={`${paths.refreshSession}?return_to=${paths.dashboard}`} className="button mt-4">
          {texts.session.refresh}
        </a>
      </details>
    </Shell>
  )
}

function Account({ session: { identity }, texts }: Props): ReactNode {
  const { email } = identity.traits
  const { title, verified, notConfirmed, edit } = texts.account
  return (
    <section className="card flex min-w-0 flex-col items-start gap-4 p-5">
      <h2 className="font-semibold">{title}</h2>
      <p className="flex max-w-full flex-wrap items-center gap-2 text-sm">
        <span className="truncate">{email ?? identity.id}</span>
        {identity.verified && (
          <span className="rounded-full bg-success/10 px-2 py-0.5 text-xs font-medium text-success">{verified}</span>
        )}
        {!identity.verified && email !== undefined && (
          <span className="rounded-full bg-muted px-2 py-0.5 text-xs text-muted-foreground">{notConfirmed}</span>
        )}
      </p>
      <Link href={paths.account} prefetch={false} className="button mt-auto">
        {edit}
      </Link>
    </section>
  )
}

/** How well the account is protected, and the next step. It needs no further call to Ory. */
function Security({ session: { authenticator_assurance_level: level }, texts }: Props): ReactNode {
  const { title, twoFactors, manage, oneFactor, addFactor } = texts.security
  const [status, step] = level === "aal2" ? [twoFactors, manage] : [oneFactor, addFactor]
  return (
    <section className="card flex flex-col items-start gap-4 p-5">
      <h2 className="font-semibold">{title}</h2>
      <p className="text-sm text-pretty text-muted-foreground">{status}</p>
      <Link href={paths.settings} prefetch={false} className="button mt-auto">
        {step}
      </Link>
    </section>
  )
}

function Row({ term, children }: { term: string; children: ReactNode }): ReactNode {
  return (
    <div className="flex flex-col gap-1 px-5 py-3 sm:flex-row sm:gap-4">
      <dt className="text-muted-foreground sm:w-48 sm:shrink-0">{term}</dt>
      <dd className="min-w-0 font-medium break-words">{children}</dd>
    </div>
  )
}
