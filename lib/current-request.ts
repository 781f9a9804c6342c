import "server-only"
import { headers } from "next/headers"
import { cache } from "react"
import { readRequest, type AppRequest } from "@/lib/request"

/** The request that a page, server action or route handler responds to. */
export const currentRequest: () => Promise<AppRequest> = cache(async () => readRequest(await headers()))
