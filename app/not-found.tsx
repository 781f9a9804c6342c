import type { Metadata } from "next"
import Link from "next/link"
import type { ReactNode } from "react"
import { AuthPage, Notice } from "@/components/auth-card"
import { ACCOUNT_PAGES, PRODUCT_PAGES } from "@/components/nav"

export const metadata: Metadata = { title: "Page not found" }

export default function NotFoundPage(): ReactNode {
  return (
    <AuthPage>
      <Notice title="Page not found">
        <p>The address may be mistyped, or the page has moved. These pages exist:</p>
        <nav aria-label="Main" className="flex flex-wrap gap-x-5 gap-y-2">
          {[...PRODUCT_PAGES, ...ACCOUNT_PAGES].map(([href, name]) => (
            <Link key={href} href={href} prefetch={false} className="font-medium text-foreground underline">
              {name}
            </Link>
          ))}
        </nav>
      </Notice>
    </AuthPage>
  )
}
