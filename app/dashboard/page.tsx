import type { Metadata } from "next"
import type { ReactNode } from "react"
import { LocalTime } from "@/components/local-time"
import { Shell } from "@/components/shell"
import { methodName } from "@/lib/authentication-methods"
import { paths } from "@/lib/routes"
import { requireSession } from "@/lib/session"

export const metadata: Metadata = { title: "Dashboard" }
export const instant = false

/** The page to copy: require the session first, then render. */
export default async function DashboardPage(): Promise<ReactNode> {
  const session = await requireSession()
  const { email, name } = session.identity.traits

  return (
    <Shell session={session}>
      <h1 className="text-2xl font-semibold tracking-tight">{name?.first ? `Hello, ${name.first}` : "Dashboard"}</h1>
      <p className="mt-1 text-muted">Your account and your current session.</p>
      <dl className="mt-8 divide-y divide-line rounded-2xl border border-line bg-surface">
        <Row term="Signed in as">{email ?? session.identity.id}</Row>
        <Row term="Signed in since">
          <LocalTime iso={session.authenticated_at} />
        </Row>
        <Row term="Your session ends at">
          <LocalTime iso={session.expires_at} />
        </Row>
        <Row term="Signed in with">{session.authentication_methods.map(methodName).join(", ")}</Row>
        <Row term="Assurance level">{session.authenticator_assurance_level}</Row>
      </dl>
      {/* A link, not next/link: this redirects to Ory, which the router can't follow. */}
      <a href={`${paths.refreshSession}?return_to=${paths.dashboard}`} className="button mt-6">
        Refresh session
      </a>
    </Shell>
  )
}

function Row({ term, children }: { term: string; children: ReactNode }): ReactNode {
  return (
    <div className="flex flex-col gap-1 px-5 py-4 sm:flex-row sm:gap-4">
      <dt className="text-sm text-muted sm:w-48 sm:shrink-0">{term}</dt>
      <dd className="min-w-0 text-sm font-medium break-words">{children}</dd>
    </div>
  )
}
