"use client"

import { usePathname, useRouter } from "next/navigation"
import { useState, type MouseEvent, type ReactNode } from "react"
import { Brand } from "@/components/brand"
import { Nav } from "@/components/nav"
import { useTexts } from "@/components/texts"
import { useIsStale } from "@/components/use-is-stale"
import { UserMenu } from "@/components/user-menu"
import { useUser } from "@/components/user-provider"
import { ACCOUNT_PAGES, ADMIN_PAGES, PRODUCT_PAGES } from "@/lib/navigation"
import { paths } from "@/lib/routes"

/** The header and content of a protected page. A click in a navigation shows its effect at once, before the server responds. */
export function Frame({ children }: { children: ReactNode }): ReactNode {
  const { bfcacheId } = useRouter()
  return <FrameOfVisit key={bfcacheId}>{children}</FrameOfVisit>
}

function FrameOfVisit({ children }: { children: ReactNode }): ReactNode {
  const texts = useTexts()
  const user = useUser()
  const here = usePathname()
  const [next, setNext] = useState<string>()
  const isStale = useIsStale()
  // The user came back, so the navigation that left this page is over.
  if (isStale && next !== undefined) setNext(undefined)
  const isLoading = isStale || next !== undefined
  const current = next ?? here
  // A click on the page that is shown also discards the navigation to another one.
  const navigate = (path: string): void => {
    setNext(path === here ? undefined : path)
  }
  const isAccount = current === paths.account || current.startsWith(`${paths.account}/`)
  return (
    <div className="flex min-h-dvh flex-col">
      <a href="#content" onClick={skipToContent} className="button sr-only self-start focus:not-sr-only">
        {texts.skipToContent}
      </a>
      <header className="border-b bg-card">
        <div className="mx-auto flex h-14 max-w-5xl items-center gap-3 px-4 sm:gap-6 sm:px-6">
          <Brand />
          <Nav
            label={texts.mainNavigation}
            pages={user?.role === "admin" ? [...PRODUCT_PAGES, ...ADMIN_PAGES] : PRODUCT_PAGES}
            current={current}
            onNavigate={navigate}
            className="flex gap-1"
          />
          <div className="ms-auto flex items-center">{!isStale && <UserMenu onNavigate={navigate} />}</div>
        </div>
      </header>
      <div className="mx-auto flex w-full max-w-5xl flex-1 flex-col gap-6 px-4 py-6 sm:px-6 md:flex-row md:gap-10 md:py-10">
        {isAccount && (
          <Nav
            label={texts.accountNavigation}
            pages={ACCOUNT_PAGES}
            current={current}
            onNavigate={navigate}
            className="-mx-1 flex shrink-0 gap-1 overflow-x-auto p-1 md:w-44 md:flex-col"
          />
        )}
        <main id="content" tabIndex={-1} className="min-w-0 flex-1 outline-none" aria-busy={isLoading}>
          {isLoading ? <Skeleton /> : children}
        </main>
      </div>
    </div>
  )
}

/** Without a new entry in the history: Next would not show another page for it when the user goes back. */
function skipToContent(event: MouseEvent): void {
  event.preventDefault()
  document.getElementById("content")?.focus()
}

/** The layout of a page until its content arrives: title, introduction and a card. */
function Skeleton(): ReactNode {
  const { loading } = useTexts()
  return (
    <div className="animate-pulse">
      <p role="status" className="sr-only">
        {loading}
      </p>
      <div className="h-8 w-48 rounded-lg bg-muted" />
      <div className="mt-1 h-6 w-80 max-w-full rounded-lg bg-muted" />
      <div className="card mt-8 h-72" />
    </div>
  )
}
