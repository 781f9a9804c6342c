import type { Metadata } from "next"
import type { ReactNode } from "react"
import { AuthCard } from "@/components/auth-card"
import { Verification } from "@/components/elements"
import { env } from "@/lib/env"
import { requireFlow, type Query } from "@/lib/flows"

export const metadata: Metadata = { title: "Confirm your address" }

export default async function VerificationPage({ searchParams }: { searchParams: Query }): Promise<ReactNode> {
  const flow = await requireFlow("verification", searchParams)
  return <AuthCard>{flow && <Verification flow={flow} oryUrl={env.oryUrl} />}</AuthCard>
}
