import Link from "next/link"
import type { ReactNode } from "react"
import { AuthPage, Notice } from "@/components/auth-card"
import { flowErrorSentence } from "@/lib/flow-errors"
import type { Query } from "@/lib/flows"
import { pageTexts, titled } from "@/lib/language"
import { paths } from "@/lib/routes"

export const generateMetadata = titled((texts) => texts.notices.flowError.title)
export const instant = false

/** Ory sends browsers here when a flow cannot continue. Explains why, and offers a way to start again. */
export default async function ErrorPage({ searchParams }: { searchParams: Query }): Promise<ReactNode> {
  const { id } = await searchParams
  const { notices, flowErrors } = await pageTexts()
  const { title, signIn } = notices.flowError
  return (
    <AuthPage>
      <Notice title={title}>
        <p>{await flowErrorSentence(id, flowErrors)}</p>
        <Link href={paths.login} prefetch={false} className="button-primary">
          {signIn}
        </Link>
      </Notice>
    </AuthPage>
  )
}
