import type { ReactNode } from "react"
import { Shell } from "@/components/shell"
import { requireSession } from "@/lib/session"
import { loadInvoices } from "../invoices/database"

export const instant = false

export default async function NotCachedPage(): Promise<ReactNode> {
  const session = await requireSession()
  return <Shell session={session}>{await loadInvoices(session.identity.id)}</Shell>
}
