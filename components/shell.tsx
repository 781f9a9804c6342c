import type { ReactNode } from "react"
import { Brand } from "@/components/brand"
import { Nav } from "@/components/nav"
import { paths } from "@/lib/routes"
import type { Session } from "@/lib/session"

/** The frame of every protected page: brand, navigation, the user's address, and sign-out. */
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

/** A form, not a link: browsers may prefetch links, and a prefetch must never sign the user out. */
function SignOut(): ReactNode {
  return (
    <form action={paths.signOut} method="post" className="shrink-0">
      <button className="button">Sign out</button>
    </form>
  )
}
