import { NextResponse } from "next/server"

/** The minimum cost of a gate. */
export function middleware(): NextResponse {
  return NextResponse.next()
}
