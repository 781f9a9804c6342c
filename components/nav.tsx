"use client"

import Link from "next/link"
import { usePathname } from "next/navigation"
import type { ReactNode } from "react"
import { paths } from "@/lib/routes"

const PAGES = [
  [paths.dashboard, "Dashboard"],
  [paths.account, "Account"],
  [paths.devices, "Devices"],
  [paths.settings, "Settings"],
] as const

/** Links to the protected pages. Marks the current one. */
export function Nav(): ReactNode {
  const here = usePathname()
  return (
    <nav aria-label="Account" className="order-last flex w-full gap-5 text-sm text-muted sm:order-none sm:w-auto">
      {PAGES.map(([href, name]) => (
        // A prefetched page would show data from before a change made on this page.
        <Link
          key={href}
          href={href}
          prefetch={false}
          aria-current={href === here ? "page" : undefined}
          className="hover:text-ink aria-[current]:font-medium aria-[current]:text-ink"
        >
          {name}
        </Link>
      ))}
    </nav>
  )
}
