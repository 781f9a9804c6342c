"use client"

import { createContext, use, useEffect, useRef, useState, type ReactNode } from "react"
import { paths } from "@/lib/routes"
import type { User } from "@/lib/user"

const UserContext = createContext<User | null | undefined>(undefined)

/** The signed-in user. Null for visitors. Undefined until it is known, or outside of a {@link UserProvider}. Never a check: pages check the session. */
export function useUser(): User | null | undefined {
  return use(UserContext)
}

/** How often the window's focus may cause a request, in milliseconds. */
const CHECK_EVERY_MS = 30_000

interface Props {
  /** The user, on a page that is rendered for each request. Leave it out on a prerendered page, which then requests it once. */
  user?: User
  children: ReactNode
}

/**
 * Gives client components the user. It notices a sign-in or sign-out in another tab at once, and the end of the session when the window
 * gets the focus. If another user has signed in, a page with a user's content reloads. While Ory or the network is down, `useUser()`
 * keeps its last value.
 */
export function UserProvider({ user: fromServer, children }: Props): ReactNode {
  const [user, setUser] = useState<User | null | undefined>(fromServer)
  const [lastFromServer, setLastFromServer] = useState(fromServer)
  const channel = useRef<BroadcastChannel>(undefined)
  // The server has rendered the page again.
  if (fromServer !== lastFromServer) {
    setLastFromServer(fromServer)
    setUser(fromServer)
  }
  const latest = useRef(user)
  const pageUserId = fromServer?.id

  useEffect(() => {
    let running: AbortController | undefined
    let checkedAt = latest.current === undefined ? 0 : Date.now()
    const check = async (url: string): Promise<void> => {
      checkedAt = Date.now()
      running?.abort()
      running = new AbortController()
      const known = await fetch(url, { signal: running.signal })
        .then((response) => (response.ok ? (response.json() as Promise<User | null>) : undefined))
        .catch(() => undefined)
      if (known === undefined) return
      // The content and the forms of this page are those of another user.
      if (known !== null && pageUserId !== undefined && known.id !== pageUserId) location.reload()
      else setUser(known)
    }
    const tabs = openChannel()
    if (tabs)
      tabs.onmessage = ({ data }) => {
        if (latest.current !== undefined && data !== idOf(latest.current)) void check(`${paths.userApi}?fresh`)
      }
    channel.current = tabs
    const onFocus = (): void => {
      if (Date.now() - checkedAt >= CHECK_EVERY_MS) void check(`${paths.userApi}?fresh`)
    }
    addEventListener("focus", onFocus)
    if (latest.current === undefined) void check(paths.userApi)
    return () => {
      running?.abort()
      tabs?.close()
      removeEventListener("focus", onFocus)
    }
  }, [pageUserId])

  // Tells the other tabs, which check if they show another user.
  useEffect(() => {
    latest.current = user
    if (user !== undefined) channel.current?.postMessage(idOf(user))
  }, [user])

  return <UserContext value={user}>{children}</UserContext>
}

/** Undefined where the browser forbids it: Firefox does when it blocks all cookies. */
function openChannel(): BroadcastChannel | undefined {
  try {
    return new BroadcastChannel("user")
  } catch {
    return undefined
  }
}

function idOf(user: User | null): string {
  return user?.id ?? ""
}
