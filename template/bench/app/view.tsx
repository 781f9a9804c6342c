import type { ReactNode } from "react"
import { LocalTime } from "@/components/local-time"
import { Shell } from "@/components/shell"
import type { Session } from "@/lib/ory"

/** Every variant shows this page. It has as much content as the starter's dashboard. */
export function View({ session }: { session: Session }): ReactNode {
  return (
    <Shell session={session}>
      <h1>Dashboard</h1>
      <p>This is what Ory says about your session.</p>
      <dl>
        <dt>Signed in as</dt>
        <dd>{session.identity.traits.email}</dd>
        <dt>Signed in since</dt>
        <dd>
          <LocalTime iso={new Date(session.authenticated_at).toISOString()} />
        </dd>
        <dt>Your session ends at</dt>
        <dd>
          <LocalTime iso={new Date(session.expires_at).toISOString()} />
        </dd>
        <dt>Signed in with</dt>
        <dd>{session.authentication_methods.map(({ method }) => method).join(", ")}</dd>
        <dt>Assurance level</dt>
        <dd>{session.authenticator_assurance_level}</dd>
      </dl>
    </Shell>
  )
}
