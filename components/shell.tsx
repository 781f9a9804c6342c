import type { ReactNode } from "react"
import { Frame } from "@/components/frame"
import type { Session } from "@/lib/session"

/** The frame of every protected page: brand, navigation and the user's menu. */
export function Shell({ session, children }: { session: Session; children: ReactNode }): ReactNode {
  const { email, name } = session.identity.traits
  return (
    <Frame user={{ email, name: [name?.first, name?.last].filter(Boolean).join(" ") || undefined }}>{children}</Frame>
  )
}

/** The title of a page, and what the page is for. */
export function PageTitle({ title, children }: { title: string; children: ReactNode }): ReactNode {
  return (
    <>
      <h1 className="text-2xl font-semibold tracking-tight text-balance">{title}</h1>
      <p className="mt-1 text-pretty text-muted-foreground">{children}</p>
    </>
  )
}
