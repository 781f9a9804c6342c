import Link from "next/link"
import type { ReactNode } from "react"
import { Brand } from "@/components/brand"
import { ThemeSwitch } from "@/components/theme-switch"
import { brand } from "@/lib/brand"
import { paths } from "@/lib/routes"

const POINTS = [
  [
    "Checked twice",
    "The gate checks every request on the edge. Each page checks the session again, so the gate is never the only guard.",
  ],
  [
    "Calm in an outage",
    "When Ory is unreachable, users see a short notice. They are never signed out and never sent in circles.",
  ],
  ["Yours to change", "Small files, plain names, and tests against a real Ory Kratos on your own machine."],
]

/**
 * Public and prerendered, the same for every visitor. It links to the dashboard, where the gate checks the session. Replace its
 * texts and its picture with those of your product.
 */
export default function LandingPage(): ReactNode {
  return (
    <div className="mx-auto flex min-h-dvh max-w-5xl flex-col px-4 sm:px-6">
      <header className="flex h-16 items-center justify-between gap-4">
        <Brand />
        <Link href={paths.login} prefetch={false} className="button">
          Sign in
        </Link>
      </header>
      <main className="flex flex-1 flex-col gap-16 py-12 sm:py-20">
        <div className="grid items-center gap-10 lg:grid-cols-2">
          <div className="flex flex-col gap-6">
            <h1 className="text-4xl font-semibold tracking-tight text-balance sm:text-5xl">
              Sign-in that works from day one
            </h1>
            <p className="text-lg text-pretty text-muted-foreground">
              Sign-up, sign-in, second factors and a protected dashboard, with Ory and the Next.js App Router. Clone it,
              run one command, build your product.
            </p>
            <div className="flex flex-wrap gap-3">
              <Link href={paths.registration} prefetch={false} className="button-primary">
                Create an account
              </Link>
              <Link href={paths.dashboard} className="button">
                Go to your dashboard
              </Link>
            </div>
          </div>
          <CodeSample />
        </div>
        <ul className="grid gap-4 sm:grid-cols-3">
          {POINTS.map(([title, text]) => (
            <li key={title} className="card flex flex-col gap-2 p-5">
              <h2 className="font-semibold">{title}</h2>
              <p className="text-sm text-pretty text-muted-foreground">{text}</p>
            </li>
          ))}
        </ul>
      </main>
      <footer className="flex flex-wrap items-center justify-between gap-4 border-t py-6 text-sm text-muted-foreground">
        <nav aria-label="Legal" className="flex gap-5">
          {brand.links.map(([name, url]) => (
            <a key={name} href={url} className="hover:text-foreground">
              {name}
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
        app/dashboard/page.tsx
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
