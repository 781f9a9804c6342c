"use client"

import { useRouter } from "next/navigation"
import { useEffect, useLayoutEffect, useRef, useState, useTransition } from "react"

/**
 * Whether the user has left this page and come back to it with back or forward, and its content is still from before. Next keeps the
 * last pages hidden in the browser. Without this, old form values, devices, secrets and signed-in pages would reappear. Render no
 * content while this is true: the server renders the page again, or redirects a signed-out user.
 *
 * Use it in a component with `key={useRouter().bfcacheId}`: a link to a hidden page then starts with new state.
 */
export function useIsStale(): boolean {
  const router = useRouter()
  const [isStale, setIsStale] = useState(false)
  const [, startTransition] = useTransition()
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)

  // Next runs this clean-up when it hides the page. In development, React also runs it once right after the first render, and then
  // the effect again, so wait before the page counts as hidden.
  useLayoutEffect(() => {
    clearTimeout(timer.current)
    return () => {
      timer.current = setTimeout(() => {
        setIsStale(true)
      })
    }
  }, [])

  // Effects don't run while the page is hidden, so this waits until the page is shown again.
  useEffect(() => {
    if (!isStale) return
    startTransition(() => {
      router.refresh()
      setIsStale(false)
    })
  }, [isStale, router])

  return isStale
}
