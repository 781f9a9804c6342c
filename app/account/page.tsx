import type { Metadata } from "next"
import type { ReactNode } from "react"
import { NameForm } from "./name-form"
import { PageTitle, Shell } from "@/components/shell"
import { paths } from "@/lib/routes"
import { requireSession } from "@/lib/session"

export const metadata: Metadata = { title: "Profile" }
export const instant = false

export default async function AccountPage(): Promise<ReactNode> {
  const session = await requireSession({ fresh: true })
  const { email, name } = session.identity.traits

  return (
    <Shell session={session}>
      <PageTitle title="Profile">Your name, as others see it.</PageTitle>
      {email !== undefined && !session.identity.verified && (
        <p className="card mt-6 px-5 py-4 text-sm">
          Your address {email} is not confirmed yet.{" "}
          {/* A link, not next/link: the page creates a flow at Ory, which the router can't follow. */}
          <a href={`${paths.verification}?return_to=${paths.account}`} className="font-medium underline">
            Confirm your address
          </a>
        </p>
      )}
      <NameForm userId={session.identity.id} first={name?.first ?? ""} last={name?.last ?? ""} />
    </Shell>
  )
}
