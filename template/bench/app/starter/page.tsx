import type { ReactNode } from "react"
import { requireSession } from "@/lib/session"
import { View } from "../view"

export const instant = false

export default async function StarterPage(): Promise<ReactNode> {
  return <View session={await requireSession()} />
}
