import type { Metadata } from "next"
import Link from "next/link"
import type { ReactNode } from "react"
import { NameForm } from "./name-form"
import { Shell } from "@/components/shell"
import { paths } from "@/lib/routes"
import { requireSession } from "@/lib/session"

export const metadata: Metadata = { title: "Account" }
export const instant = false

export default async function AccountPage(): Promise<ReactNode> {
  const session = await requireSession({ fresh: true })
  const { email, name } = session.identity.traits

  return (
    <Shell session={session}>
      <h1 className="text-2xl font-semibold tracking-tight">Account</h1>
      <p className="mt-1 text-muted">Your name. To change it, you must have signed in within the last 10 minutes.</p>
      {email !== undefined && !session.identity.verified && (
        <p className="mt-6 max-w-xl rounded-2xl border border-line bg-surface px-5 py-4 text-sm">
          Your address {email} is not confirmed yet.{" "}
          {/* A link, not next/link: the page creates a flow at Ory, which the router can't follow. */}
          <a href={`${paths.verification}?return_to=${paths.account}`} className="font-medium underline">
            Confirm your address
          </a>
        </p>
      )}
      <NameForm userId={session.identity.id} first={name?.first ?? ""} last={name?.last ?? ""} />
      <h2 className="mt-12 font-semibold">Your data</h2>
      <p className="mt-1 text-sm text-muted">
        Everything we store about your account, as a file. This needs a second factor.
      </p>
      <Link href={paths.data} prefetch={false} className="button mt-4">
        Download my data
      </Link>
    </Shell>
  )
}
