import type { ReactNode } from "react"
import { record } from "../record"

export default async function NestedLayout({
  children,
  side,
}: {
  children: ReactNode
  side: ReactNode
}): Promise<ReactNode> {
  await record("layout")
  return (
    <main>
      {children}
      {side}
    </main>
  )
}
