"use server"

import { updateTag } from "next/cache"
import { checkAction } from "@/lib/session"
import { insertInvoice } from "./database"
import { invoicesTag } from "./invoices"

export async function addInvoice(): Promise<void> {
  // `/invoices` has `actions: true` in lib/routes.ts. Otherwise the gate redirects a user whose session has ended, and a form loses its text.
  const { session } = await checkAction()
  if (!session) return
  await insertInvoice(session.identity.id)
  updateTag(invoicesTag(session.identity.id))
}
