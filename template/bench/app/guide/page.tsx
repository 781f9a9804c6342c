import { headers } from "next/headers"
import type { ReactNode } from "react"
import type { Session } from "@/lib/ory"
import ory from "../../gates/ory"
import { View } from "../view"

/** Asks Ory again: a page cannot know what the gate was told. */
export default async function GuidePage(): Promise<ReactNode> {
  const { data } = await ory.toSession({ cookie: (await headers()).get("cookie") ?? undefined })
  return <View session={data as Session} />
}
