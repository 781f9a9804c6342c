import { getServerSession } from "@ory/nextjs/app"
import { redirect } from "next/navigation"
import { connection } from "next/server"
import type { ReactNode } from "react"
import type { Session } from "@/lib/ory"
import { View } from "../view"

export const instant = false

export default async function OryNextjsPage(): Promise<ReactNode> {
  await connection() // Otherwise Next renders the page twice, and so asks Ory once more.
  const session = await getServerSession()
  if (session === null) redirect("/")
  return <View session={session as unknown as Session} />
}
