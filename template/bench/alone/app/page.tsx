import type { ReactNode } from "react"

export default function EmptyPage(): ReactNode {
  return <h1>Nothing</h1>
}
