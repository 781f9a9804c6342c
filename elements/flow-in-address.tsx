"use client"

import { useEffect } from "react"

/**
 * Adds the id of the flow that the gate created to the address, so that a reload, a bookmark and "back" keep the flow.
 *
 * It loads the page again if the browser doesn't have the flow's cookies. Then another tab, which was loaded at the same time, has
 * replaced them, and the page gets a new flow. Or the browser keeps no cookies, and the page says so.
 */
export function FlowInAddress({ id }: { id: string }): null {
  useEffect(() => {
    const url = new URL(location.href)
    if (url.searchParams.get("flow") === id) return
    url.searchParams.set("flow", id)
    const reloadWithoutCookies = (): void => {
      if (!document.cookie.split("; ").includes(`sign_in_flow=${id}`)) location.reload()
    }
    // Next replaces `replaceState` in an effect that runs after this one. Its own lets the router know the new address.
    const timers = [
      setTimeout(() => {
        window.history.replaceState(null, "", url)
        reloadWithoutCookies()
      }),
      // The response to the other tab may arrive later than this page.
      setTimeout(reloadWithoutCookies, 2000),
    ]
    return () => {
      timers.forEach(clearTimeout)
    }
  }, [id])
  return null
}
