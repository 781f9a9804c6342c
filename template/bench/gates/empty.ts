import { NextResponse } from "next/server"

/** What any gate costs. */
export function middleware(): NextResponse {
  return NextResponse.next()
}
