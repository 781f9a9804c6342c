import { getInvoices } from "../../invoices/invoices"
import { checkSession, deniedResponse } from "@/lib/session"

export async function GET(): Promise<Response> {
  const { session, denied } = await checkSession()
  if (denied) return deniedResponse(denied)
  return Response.json(await getInvoices(session.identity.id))
}
