import type { ReactNode } from "react"
import { Frame } from "@/components/frame"
import type { Session } from "@/lib/session"

/** The frame of every protected page: brand, navigation, the user's address, and sign-out. */
export function Shell({ session, children }: { session: Session; children: ReactNode }): ReactNode {
  return <Frame email={session.identity.traits.email}>{children}</Frame>
}
