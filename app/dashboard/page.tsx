import type { Metadata } from "next"
import Link from "next/link"
import type { ReactNode } from "react"
import { LocalTime } from "@/components/local-time"
import { PageTitle, Shell } from "@/components/shell"
import { methodName } from "@/lib/authentication-methods"
import { paths } from "@/lib/routes"
import { requireSession, type Session } from "@/lib/session"

export const metadata: Metadata = { title: "Dashboard" }
export const instant = false

/** The page to copy: require the session first, then render. */
export default async function DashboardPage(): Promise<ReactNode> {
  const session = await requireSession()
  const { name } = session.identity.traits

  return (
    <Shell session={session}>
      <PageTitle title={name?.first ? `Hello, ${name.first}` : "Dashboard"}>What would you like to do today?</PageTitle>
      <div className="mt-8 grid gap-4 md:grid-cols-2">
        <Account session={session} />
        <Security session={session} />
        <section className="flex flex-col items-start gap-2 rounded-xl border border-dashed p-5 md:col-span-2">
          <h2 className="font-semibold">Your product starts here</h2>
          <p className="text-sm text-muted-foreground">
            Edit <code className="rounded-sm bg-muted px-1 py-0.5 text-xs text-foreground">app/dashboard/page.tsx</code>{" "}
            to build it. New pages are protected by default.
          </p>
        </section>
      </div>
      <details className="mt-6 text-sm">
        <summary className="cursor-pointer font-medium">Your current session</summary>
        <dl className="mt-3 divide-y rounded-xl border bg-card">
          <Row term="Signed in since">
            <LocalTime iso={session.authenticated_at} />
          </Row>
          <Row term="Your session ends at">
            <LocalTime iso={session.expires_at} />
          </Row>
          <Row term="Signed in with">{session.authentication_methods.map(methodName).join(", ")}</Row>
        </dl>
        {/* A link, not next/link: this redirects to Ory, which the router can't follow. */}
        <a href={`${paths.refreshSession}?return_to=${paths.dashboard}`} className="button mt-4">
          Refresh session
        </a>
      </details>
    </Shell>
  )
}

function Account({ session: { identity } }: { session: Session }): ReactNode {
  const { email } = identity.traits
  return (
    <section className="card flex flex-col items-start gap-4 p-5">
      <h2 className="font-semibold">Account</h2>
      <p className="flex max-w-full flex-wrap items-center gap-2 text-sm">
        <span className="truncate">{email ?? identity.id}</span>
        {identity.verified ? (
          <span className="rounded-full bg-success/10 px-2 py-0.5 text-xs font-medium text-success">Verified</span>
        ) : (
          <span className="rounded-full bg-muted px-2 py-0.5 text-xs text-muted-foreground">Not confirmed</span>
        )}
      </p>
      <Link href={paths.account} prefetch={false} className="button mt-auto">
        Edit profile
      </Link>
    </section>
  )
}

/** How well the account is protected, and the next step. It needs no further call to Ory. */
function Security({ session: { authenticator_assurance_level: level } }: { session: Session }): ReactNode {
  const [status, step] =
    level === "aal2"
      ? ["You signed in with a second factor.", "Manage sign-in"]
      : [
          "You signed in with one factor. An authenticator app protects you when a password leaks.",
          "Add a second factor",
        ]
  return (
    <section className="card flex flex-col items-start gap-4 p-5">
      <h2 className="font-semibold">Security</h2>
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
