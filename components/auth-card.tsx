import type { ReactNode } from "react"
import { Brand } from "@/components/brand"
import { paths } from "@/lib/routes"

/** The frame of every sign-in page. Without children (no usable flow), it explains that the browser blocks cookies. */
export function AuthCard({ children }: { children: ReactNode }): ReactNode {
  return (
    <div className="flex min-h-dvh flex-col items-center">
      <header className="flex h-20 w-full max-w-5xl items-center px-6">
        <Brand />
      </header>
      <main className="flex w-full flex-1 flex-col items-center pb-16 sm:justify-center">
        {children ?? <NoCookies />}
      </main>
    </div>
  )
}

function NoCookies(): ReactNode {
  return (
    <Notice title="Your browser did not keep the cookies">
      <p>Signing in needs cookies. Allow them for this site, or open this page in the browser where you started.</p>
      {/* A link, not next/link: a full page load starts a new flow. */}
      <a href={paths.login} className="button-primary">
        Try again
      </a>
    </Notice>
  )
}

/** A short message, shown instead of a form. */
export function Notice({ title, children }: { title: string; children: ReactNode }): ReactNode {
  return (
    <section className="flex w-full max-w-md flex-col items-start gap-4 px-6 py-10 text-muted sm:rounded-2xl sm:border sm:border-line sm:bg-surface sm:p-10">
      <h1 className="text-xl font-semibold tracking-tight text-ink">{title}</h1>
      {children}
    </section>
  )
}
