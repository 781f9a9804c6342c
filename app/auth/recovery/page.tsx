import type { Metadata } from "next"
import type { ReactNode } from "react"
import { AuthCard } from "@/components/auth-card"
import { Recovery } from "@/components/elements"
import { env } from "@/lib/env"
import { requireFlow, type Query } from "@/lib/flows"

export const metadata: Metadata = { title: "Recover your account" }

export default async function RecoveryPage({ searchParams }: { searchParams: Query }): Promise<ReactNode> {
  const flow = await requireFlow("recovery", searchParams)
  return <AuthCard>{flow && <Recovery flow={flow} oryUrl={env.oryUrl} />}</AuthCard>
}
