import type { Metadata } from "next"
import Link from "next/link"
import type { ReactNode } from "react"
import { AuthCard, Notice } from "@/components/auth-card"
import { PAGES } from "@/components/nav"

export const metadata: Metadata = { title: "Page not found" }

export default function NotFoundPage(): ReactNode {
  return (
    <AuthCard>
      <Notice title="Page not found">
        <p>The address may be mistyped, or the page has moved. These pages exist:</p>
        <nav aria-label="Account" className="flex flex-wrap gap-5">
          {PAGES.map(([href, name]) => (
            <Link key={href} href={href} prefetch={false} className="font-medium text-ink underline">
              {name}
            </Link>
          ))}
        </nav>
      </Notice>
    </AuthCard>
  )
}
