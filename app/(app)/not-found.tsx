import type { ReactNode } from "react"
import { AuthPage, Notice } from "@/components/auth-card"
import { pageTexts, titled } from "@/lib/language"
import { ACCOUNT_PAGES, PRODUCT_PAGES } from "@/lib/navigation"

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
            // Not next/link, whose scripts every page would load for this one.
            <a key={href} href={href} className="font-medium text-foreground underline">
              {shared.nav[name]}
            </a>
          ))}
        </nav>
      </Notice>
    </AuthPage>
  )
}
