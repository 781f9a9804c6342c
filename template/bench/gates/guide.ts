import { NextResponse, type NextRequest } from "next/server"
import ory from "./ory"

/** The same behaviour as in Ory's guide, in our own code: https://www.ory.com/docs/getting-started/integrate-auth/expressjs */
export async function middleware(request: NextRequest): Promise<NextResponse> {
  try {
    await ory.toSession({ cookie: request.headers.get("cookie") ?? undefined })
    return NextResponse.next()
  } catch {
    return NextResponse.redirect(new URL("/self-service/login/browser", process.env.ORY_SDK_URL))
  }
}
