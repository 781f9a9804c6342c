import { connection } from "next/server"
import type { ReactNode } from "react"
import { exampleSession } from "../example"
import { View } from "../view"

export const instant = false

export default async function Page(): Promise<ReactNode> {
  await connection()
  return <View session={exampleSession()} />
}
