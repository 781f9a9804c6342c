import type { NextRequest, NextResponse } from "next/server"
import { middleware as starter } from "../../middleware"
import { middleware as empty } from "./gates/empty"
import { middleware as guide } from "./gates/guide"

/** One app can have one gate, so all are in it, and every request pays the same for that. `/none` does not come by here. */
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
