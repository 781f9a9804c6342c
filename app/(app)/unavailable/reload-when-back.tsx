"use client"

import { useEffect, type ReactNode } from "react"

/** Loads the page again once it no longer responds with 503. Nothing changes before, so screen readers are not interrupted. */
export function ReloadWhenBack({ everySeconds }: { everySeconds: number }): ReactNode {
  useEffect(() => {
    const timer = setInterval(() => {
      fetch(window.location.href, { redirect: "manual", cache: "no-store" })
        .then(({ status }) => {
          if (status !== 503) window.location.reload()
        })
        .catch(() => undefined)
    }, everySeconds * 1000)
    return () => {
      clearInterval(timer)
    }
  }, [everySeconds])
  return null
}
