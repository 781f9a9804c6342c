import type { ReactNode } from "react"

/** The bench requests this page to see whether the server has started. */
export default function UpPage(): ReactNode {
  return <h1>Bench</h1>
}
