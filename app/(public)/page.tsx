import type { ReactNode } from "react"
import { Brand } from "@/components/brand"
import { ThemeSwitch } from "@/components/theme-switch"
import { UserProvider } from "@/components/user-provider"
import { brand } from "@/lib/brand"
import { paths } from "@/lib/routes"
import { catalogues, defaultLocale } from "@/lib/texts"
import { AccountLink } from "./account-link"

const { landing: texts } = catalogues[defaultLocale]

/**
 * Public and prerendered, the same for every visitor. It links to the dashboard, where the gate checks the session. The links are
 * not next/link: those pages have another root layout, so the browser loads them anyway. Replace its texts and its picture with those
 * of your product.
 */
export default function LandingPage(): ReactNode {
  return (
    <div className="mx-auto flex min-h-dvh max-w-5xl flex-col px-4 sm:px-6">
      <header className="flex h-16 items-center justify-between gap-4">
        <Brand />
        <UserProvider>
          <AccountLink />
        </UserProvider>
      </header>
      <main className="flex flex-1 flex-col gap-16 py-12 sm:py-20">
        <div className="grid items-center gap-10 lg:grid-cols-2">
          <div className="flex flex-col gap-6">
            <h1 className="text-4xl font-semibold tracking-tight text-balance sm:text-5xl">{texts.heading}</h1>
            <p className="text-lg text-pretty text-muted-foreground">{texts.text}</p>
            <div className="flex flex-wrap gap-3">
              <a href={paths.registration} className="button-primary">
                {texts.createAccount}
              </a>
              <a href={paths.dashboard} className="button">
                {texts.dashboard}
              </a>
            </div>
          </div>
          <CodeSample />
        </div>
        <ul className="grid gap-4 sm:grid-cols-3">
          {texts.points.map(({ title, text }) => (
            <li key={title} className="card flex flex-col gap-2 p-5">
              <h2 className="font-semibold">{title}</h2>
              <p className="text-sm text-pretty text-muted-foreground">{text}</p>
            </li>
          ))}
        </ul>
      </main>
      <footer className="flex flex-wrap items-center justify-between gap-4 border-t py-6 text-sm text-muted-foreground">
        <nav aria-label={texts.legal.label} className="flex gap-5">
          {(["terms", "privacy"] as const).map((name) => (
            <a key={name} href={brand.links[name]} className="hover:text-foreground">
              {texts.legal[name]}
            </a>
          ))}
        </nav>
        <ThemeSwitch />
      </footer>
    </div>
  )
}

/** A protected page, as the dashboard is written. */
function CodeSample(): ReactNode {
  return (
    <figure className="card overflow-hidden text-sm shadow-lg">
      <figcaption className="border-b bg-muted px-4 py-2.5 font-mono text-xs text-muted-foreground">
        app/(app)/dashboard/page.tsx
      </figcaption>
      <pre className="overflow-x-auto p-4 font-mono text-xs leading-relaxed" tabIndex={0}>
        <code>
          {"export default async function Page() {\n  const session = await "}
          <b className="text-primary">requireSession</b>
          {"()\n  const { email } = session.identity.traits\n\n  return <h1>Hello, {email}</h1>\n}"}
        </code>
      </pre>
    </figure>
  )
}
