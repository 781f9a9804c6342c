"use client"

import { useEffect, type ReactNode } from "react"

const EVERY_MS = 5000

/** Loads the page again once it no longer responds with 503. Nothing changes before, so screen readers are not interrupted. */
export function ReloadWhenBack(): ReactNode {
  useEffect(() => {
    const timer = setInterval(() => {
      fetch(window.location.href, { redirect: "manual", cache: "no-store" })
        .then(({ status }) => {
          if (status !== 503) window.location.reload()
        })
        .catch(() => undefined)
    }, EVERY_MS)
    return () => {
      clearInterval(timer)
    }
  }, [])
  return null
}
