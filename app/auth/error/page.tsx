import type { Metadata } from "next"
import Link from "next/link"
import type { ReactNode } from "react"
import { AuthCard, Notice } from "@/components/auth-card"
import type { Query } from "@/lib/flows"
import { ory } from "@/lib/ory"

export const metadata: Metadata = { title: "Something went wrong" }

/** Where Ory sends people when a flow cannot go on: says why, in Ory's words, and offers a way to begin again. */
export default async function ErrorPage({ searchParams }: { searchParams: Query }): Promise<ReactNode> {
  const { id } = await searchParams
  const reason = typeof id === "string" ? await explain(id) : undefined
  return (
    <AuthCard>
      <Notice title="Something went wrong">
        <p>{reason ?? "This could not be completed. Begin again, and it should work."}</p>
        <Link href="/auth/login" prefetch={false} className="button-primary">
          Sign in
        </Link>
      </Notice>
    </AuthCard>
  )
}

async function explain(id: string): Promise<string | undefined> {
  try {
    const { status, data } = await ory.getFlowError({ id })
    const error = data.error as { reason?: string; message?: string } | undefined
    return status === 200 ? (error?.reason ?? error?.message) : undefined
  } catch {
    return undefined
  }
}
