import type { ReactNode } from "react"
import { Frame } from "@/components/frame"
import { UserProvider } from "@/components/user-provider"
import type { Session } from "@/lib/session"
import { userOf } from "@/lib/user"

/** The frame of every protected page: brand, navigation and the user's menu. */
export function Shell({ session, children }: { session: Session; children: ReactNode }): ReactNode {
  return (
    <UserProvider user={userOf(session)}>
      <Frame>{children}</Frame>
    </UserProvider>
  )
}

/** The title of a page, and what the page is for. */
export function PageTitle({ title, children }: { title: string; children: ReactNode }): ReactNode {
  return (
    <>
      <h1 className="text-2xl font-semibold tracking-tight text-balance wrap-anywhere">{title}</h1>
      <p className="mt-1 text-pretty text-muted-foreground">{children}</p>
    </>
  )
}
