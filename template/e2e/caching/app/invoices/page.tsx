import type { ReactNode } from "react"
import { Shell } from "@/components/shell"
import { requireSession } from "@/lib/session"
import { addInvoice } from "./actions"
import { getInvoices } from "./invoices"

export const instant = false

export default async function InvoicesPage(): Promise<ReactNode> {
  const session = await requireSession()
  const invoices = await getInvoices(session.identity.id)
  return (
    <Shell session={session}>
      <h1>Invoices</h1>
      <p>{invoices.join(", ")}</p>
      <form action={addInvoice}>
        <button>Add an invoice</button>
      </form>
    </Shell>
  )
}
