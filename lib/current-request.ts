import "server-only"
import { headers } from "next/headers"
import { connection } from "next/server"
import { cache } from "react"
import { readRequest, type AppRequest } from "@/lib/request"

/**
 * The request that a page, server action or route handler responds to.
 *
 * With Partial Prefetching, Next renders each page a second time, for the router's cache. `connection()` ends that rendering
 * here, before the page's queries start again.
 */
export const currentRequest: () => Promise<AppRequest> = cache(async () => {
  await connection()
  return readRequest(await headers())
})
