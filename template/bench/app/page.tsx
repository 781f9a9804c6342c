import type { ReactNode } from "react"

/** What tells that the server is up. */
export default function UpPage(): ReactNode {
  return <h1>Bench</h1>
}
