"use client"

import { usePathname, useRouter } from "next/navigation"
import { useState, type ReactNode } from "react"
import { Brand } from "@/components/brand"
import { useIsStale } from "@/components/use-is-stale"
import { Nav } from "@/components/nav"
import { paths } from "@/lib/routes"

interface Props {
  email: string | undefined
  children: ReactNode
}

/** The header and content of a protected page. A click in the navigation shows its effect at once, before the server responds. */
export function Frame(props: Props): ReactNode {
  const { bfcacheId } = useRouter()
  return <FrameOfVisit key={bfcacheId} {...props} />
}

function FrameOfVisit({ email, children }: Props): ReactNode {
  const here = usePathname()
  const [next, setNext] = useState<string>()
  const isStale = useIsStale()
  // The user came back, so the navigation that left this page is over.
  if (isStale && next !== undefined) setNext(undefined)
  const isLoading = isStale || next !== undefined
  return (
    <div className="flex min-h-dvh flex-col">
      <a href="#content" className="button sr-only self-start focus:not-sr-only">
        Skip to the content
      </a>
      <header className="border-b border-line bg-surface">
        <div className="mx-auto flex max-w-5xl flex-wrap items-center gap-x-6 gap-y-2 px-6 py-3">
          <Brand />
          <Nav current={next ?? here} onNavigate={setNext} />
          <div className="ml-auto flex min-w-0 items-center gap-4">
            <span className="hidden truncate text-sm text-muted sm:block">{!isStale && email}</span>
            <SignOut />
          </div>
        </div>
      </header>
      <main
        id="content"
        tabIndex={-1}
        className="mx-auto w-full max-w-5xl flex-1 px-6 py-10 outline-none"
        aria-busy={isLoading}
      >
        {isLoading ? <Skeleton /> : children}
      </main>
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

/** The layout of a page until its content arrives: title, introduction and a card. */
function Skeleton(): ReactNode {
  return (
    <div className="animate-pulse">
      <p role="status" className="sr-only">
        Loading
      </p>
      <div className="h-8 w-48 rounded-lg bg-line" />
      <div className="mt-1 h-6 w-80 max-w-full rounded-lg bg-line" />
      <div className="mt-8 h-72 rounded-2xl border border-line bg-surface" />
    </div>
  )
}
