import Link from "next/link"
import type { ReactNode } from "react"
import { AuthPage, Notice } from "@/components/auth-card"
import { ACCOUNT_PAGES, PRODUCT_PAGES } from "@/components/nav"
import { pageTexts, titled } from "@/lib/language"

export const generateMetadata = titled((texts) => texts.notices.notFound.title)

export default async function NotFoundPage(): Promise<ReactNode> {
  const { shared, notices } = await pageTexts()
  const { title, text } = notices.notFound
  return (
    <AuthPage>
      <Notice title={title}>
        <p>{text}</p>
        <nav aria-label={shared.mainNavigation} className="flex flex-wrap gap-x-5 gap-y-2">
          {[...PRODUCT_PAGES, ...ACCOUNT_PAGES].map(([href, name]) => (
            <Link key={href} href={href} prefetch={false} className="font-medium text-foreground underline">
              {shared.nav[name]}
            </Link>
          ))}
        </nav>
      </Notice>
    </AuthPage>
  )
}
