import Link from "next/link"
import type { ReactNode } from "react"
import { useTexts } from "@/components/texts"
import type { Pages } from "@/lib/navigation"

interface Props {
  /** The accessible name of the navigation. */
  label: string
  pages: Pages
  /** The path of the page that is marked as current. */
  current: string
  /** Called with the path of the clicked link. */
  onNavigate: (path: string) => void
  className: string
}

/** Links to protected pages. */
export function Nav({ label, pages, current, onNavigate, className }: Props): ReactNode {
  const texts = useTexts()
  return (
    <nav aria-label={label} className={className}>
      {pages.map(([href, name]) => (
        // A prefetched page would show data from before a change made on this page.
        <Link
          key={href}
          href={href}
          prefetch={false}
          onNavigate={() => {
            onNavigate(href)
          }}
          aria-current={href === current ? "page" : undefined}
          className="rounded-md px-3 py-1.5 text-sm whitespace-nowrap text-muted-foreground transition-colors hover:bg-accent hover:text-foreground aria-[current]:bg-accent aria-[current]:font-medium aria-[current]:text-foreground"
        >
          {texts.nav[name]}
        </Link>
      ))}
    </nav>
  )
}
