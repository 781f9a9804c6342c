import type { Metadata } from "next"
import Link from "next/link"
import type { ReactNode } from "react"
import { AuthPage, Notice } from "@/components/auth-card"
import { flowErrorSentence } from "@/lib/flow-errors"
import type { Query } from "@/lib/flows"
import { paths } from "@/lib/routes"

export const metadata: Metadata = { title: "Something went wrong" }
export const instant = false

/** Ory sends browsers here when a flow cannot continue. Explains why, and offers a way to start again. */
export default async function ErrorPage({ searchParams }: { searchParams: Query }): Promise<ReactNode> {
  const { id } = await searchParams
  return (
    <AuthPage>
      <Notice title="Something went wrong">
        <p>{await flowErrorSentence(id)}</p>
        <Link href={paths.login} prefetch={false} className="button-primary">
          Sign in
        </Link>
      </Notice>
    </AuthPage>
  )
}
