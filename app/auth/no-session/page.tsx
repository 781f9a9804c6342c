import type { Metadata } from "next"
import type { ReactNode } from "react"
import { AuthPage, Notice } from "@/components/auth-card"
import { currentRequest } from "@/lib/current-request"
import type { Query } from "@/lib/flows"
import { logMissingCookies } from "@/lib/redirect-loop"
import { returnTo } from "@/lib/return-to"

export const metadata: Metadata = { title: "Your sign-in did not arrive", robots: { index: false } }
export const instant = false

/** Ends a redirect loop (`lib/redirect-loop.ts`). The gate redirects browsers that have a session to the page that they came for. */
export default async function NoSessionPage({ searchParams }: { searchParams: Query }): Promise<ReactNode> {
  const { headers, appUrl } = await currentRequest()
  const { return_to } = await searchParams
  const page = returnTo(typeof return_to === "string" ? return_to : null, appUrl)
  const reasons = logMissingCookies("session", headers.get("cookie"), appUrl)
  return (
    <AuthPage>
      <Notice title="Your sign-in did not arrive">
        <p>You may be signed in, but your browser did not show us a valid sign-in.</p>
        <p>
          Try again. If this page comes back, delete the cookies of this site and sign in once more. If that does not
          help, contact support.
        </p>
        {process.env.NODE_ENV === "development" && (
          <pre className="w-full text-xs whitespace-pre-wrap">{reasons.join("\n")}</pre>
        )}
        <a href={page} className="button-primary">
          Try again
        </a>
      </Notice>
    </AuthPage>
  )
}
