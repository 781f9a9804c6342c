import type { NextRequest, NextResponse } from "next/server"
import starter from "../../middleware"
import { middleware as empty } from "./gates/empty"
import { middleware as guide } from "./gates/guide"

/** An app has only one gate, so this one contains them all, at the same cost for every variant. `/none` bypasses it. */
export function middleware(request: NextRequest): NextResponse | Promise<NextResponse> {
  switch (request.nextUrl.pathname) {
    case "/empty":
      return empty()
    case "/guide":
    case "/ory-nextjs":
      return guide(request)
    default:
      return starter(request)
  }
}

export const config = { matcher: "/((?!_next/static/|_next/image$|none$).*)" }
