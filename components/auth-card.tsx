import type { ReactNode } from "react"
import { Brand } from "@/components/brand"

/** The page around a sign-in form or a notice. */
export function AuthPage({ children }: { children: ReactNode }): ReactNode {
  return (
    <main className="flex min-h-dvh flex-col items-center bg-card sm:justify-center sm:bg-transparent sm:py-8">
      {children}
    </main>
  )
}

/** The card of a form or a notice, with the brand above its content. */
export function AuthCard({ children }: { children: ReactNode }): ReactNode {
  return (
    <div
      data-testid="ory/card"
      className="flex w-full flex-col gap-6 px-6 py-8 sm:w-100 sm:rounded-xl sm:border sm:bg-card sm:p-8 sm:shadow-xs"
    >
      <div className="flex justify-center">
        <Brand />
      </div>
      {children}
    </div>
  )
}

interface NoticePageProps {
  title: string
  text: string
  /** The path that the user can continue to, and the text of the link. */
  href: string
  link: string
}

/** A page with a short message and a way on. */
export function NoticePage({ title, text, href, link }: NoticePageProps): ReactNode {
  return (
    <AuthPage>
      <Notice title={title}>
        <p>{text}</p>
        {/* A link, not next/link: the page may have another root layout, and the router may hold a page from before. */}
        <a href={href} className="button">
          {link}
        </a>
      </Notice>
    </AuthPage>
  )
}

/** A short message, shown instead of a form. */
export function Notice({ title, children }: { title: string; children: ReactNode }): ReactNode {
  return (
    <AuthCard>
      <section className="flex flex-col gap-4 text-sm text-pretty text-muted-foreground">
        <h1 className="text-xl font-semibold tracking-tight text-foreground">{title}</h1>
        {children}
      </section>
    </AuthCard>
  )
}
