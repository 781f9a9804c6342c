import { headers } from "next/headers"
import { connection } from "next/server"
import type { ReactNode } from "react"
import type { Session } from "@/lib/ory"
import ory from "../../gates/ory"
import { View } from "../view"

export const instant = false

/** Calls Ory again, because the guide's gate does not pass the session to the page. */
export default async function GuidePage(): Promise<ReactNode> {
  await connection() // Otherwise Next renders the page twice, and so asks Ory once more.
  const { data } = await ory.toSession({ cookie: (await headers()).get("cookie") ?? undefined })
  return <View session={data as unknown as Session} />
}
