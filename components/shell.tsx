import Link from "next/link"
import type { ReactNode } from "react"
import { Nav } from "@/components/nav"
import type { Session } from "@/lib/session"

/** The frame of every protected page: where one is, who one is, and the way out. */
export function Shell({ session, children }: { session: Session; children: ReactNode }): ReactNode {
  return (
    <div className="flex min-h-dvh flex-col">
      <header className="border-b border-line bg-surface">
        <div className="mx-auto flex max-w-5xl flex-wrap items-center gap-x-6 gap-y-2 px-6 py-3">
          <Brand />
          <Nav />
          <div className="ml-auto flex min-w-0 items-center gap-4">
            <span className="hidden truncate text-sm text-muted sm:block">{session.identity.traits.email}</span>
            <SignOut />
          </div>
        </div>
      </header>
      <main className="mx-auto w-full max-w-5xl flex-1 px-6 py-10">{children}</main>
    </div>
  )
}

export function Brand(): ReactNode {
  return (
    <Link href="/" className="flex items-center gap-2 font-semibold tracking-tight">
      <svg viewBox="0 0 24 24" className="size-5 text-accent" fill="none" stroke="currentColor" strokeWidth="2.5" aria-hidden>
        <path d="M12 3 4 6v6c0 4.6 3.4 7.6 8 9 4.6-1.4 8-4.4 8-9V6z" strokeLinejoin="round" />
        <path d="m9 12 2.2 2.2L15.5 10" strokeLinecap="round" strokeLinejoin="round" />
      </svg>
      Starter
    </Link>
  )
}

/** A plain form, no link: what a browser may fetch ahead of time must not sign people out. */
function SignOut(): ReactNode {
  return (
    <form action="/auth/sign-out" method="post" className="shrink-0">
      <button className="button">Sign out</button>
    </form>
  )
}
