"use client"

import { useEffect, type ReactNode } from "react"
import { paths } from "@/lib/routes"

/** Loads the page again once it no longer responds with 503. Nothing changes before, so screen readers are not interrupted. */
export function ReloadWhenBack({ everySeconds }: { everySeconds: number }): ReactNode {
  useEffect(() => {
    const timer = setInterval(() => {
      // Without a flow, a sign-in page calls Ory only for a page load, so its own status is not sufficient.
      Promise.all([window.location.href, paths.healthApi].map(isBack))
        .then((back) => {
          if (back.every(Boolean)) window.location.reload()
        })
        .catch(() => undefined)
    }, everySeconds * 1000)
    return () => {
      clearInterval(timer)
    }
  }, [everySeconds])
  return null
}

async function isBack(url: string): Promise<boolean> {
  return (await fetch(url, { redirect: "manual", cache: "no-store" })).status !== 503
}
