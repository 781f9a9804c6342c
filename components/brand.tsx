import Link from "next/link"
import type { ReactNode } from "react"
import { brand } from "@/lib/brand"
import { paths } from "@/lib/routes"

/** Logo and name, linked to the landing page. */
export function Brand(): ReactNode {
  return (
    <Link href={paths.home} className="flex shrink-0 items-center gap-2 font-semibold tracking-tight">
      <svg
        viewBox="0 0 24 24"
        className="size-5 text-accent"
        fill="none"
        stroke="currentColor"
        strokeWidth="2.5"
        aria-hidden
      >
        <path d="M12 3 4 6v6c0 4.6 3.4 7.6 8 9 4.6-1.4 8-4.4 8-9V6z" strokeLinejoin="round" />
        <path d="m9 12 2.2 2.2L15.5 10" strokeLinecap="round" strokeLinejoin="round" />
      </svg>
      {brand.name}
    </Link>
  )
}
