import Link from "next/link"
import type { ReactNode } from "react"
import { paths } from "@/lib/routes"

export const PAGES = [
  [paths.dashboard, "Dashboard"],
  [paths.account, "Account"],
  [paths.devices, "Devices"],
  [paths.settings, "Settings"],
] as const

interface Props {
  /** The path of the page that is marked as current. */
  current: string
  /** Called with the new path when a click starts a navigation. */
  onNavigate: (path: string) => void
}

/** Links to the protected pages. */
export function Nav({ current, onNavigate }: Props): ReactNode {
  return (
    <nav aria-label="Account" className="order-last flex w-full gap-5 text-sm text-muted sm:order-none sm:w-auto">
      {PAGES.map(([href, name]) => (
        // A prefetched page would show data from before a change made on this page.
        <Link
          key={href}
          href={href}
          prefetch={false}
          onNavigate={() => {
            if (href !== current) onNavigate(href)
          }}
          aria-current={href === current ? "page" : undefined}
          className="hover:text-ink aria-[current]:font-medium aria-[current]:text-ink"
        >
          {name}
        </Link>
      ))}
    </nav>
  )
}
