import "server-only"
import { cacheLife, cacheTag } from "next/cache"
import { loadInvoices } from "./database"

/** The user's invoices, from a cache that is refreshed after a minute and never older than an hour. The id is part of the cache's key, so each user has an entry. */
export async function getInvoices(userId: string): Promise<string[]> {
  "use cache"
  cacheLife("minutes")
  cacheTag(invoicesTag(userId))
  return loadInvoices(userId)
}

export const invoicesTag = (userId: string): string => `invoices:${userId}`
