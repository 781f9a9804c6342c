import type { ReactNode } from "react"
import { record } from "../record"

export default async function NestedTemplate({ children }: { children: ReactNode }): Promise<ReactNode> {
  await record("template")
  return children
}
