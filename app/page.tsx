import Link from "next/link"
import type { ReactNode } from "react"
import { Brand } from "@/components/brand"
import { paths } from "@/lib/routes"

const PROMISES = [
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

/** Public and prerendered, the same for every visitor. It links to the dashboard, where the gate checks the session. */
export default function LandingPage(): ReactNode {
  return (
    <div className="mx-auto flex min-h-dvh max-w-5xl flex-col px-6">
      <header className="flex h-20 items-center justify-between">
        <Brand />
        <Link href={paths.login} prefetch={false} className="button">
          Sign in
        </Link>
      </header>
      <main className="flex flex-1 flex-col justify-center gap-16 py-16">
        <div className="flex max-w-2xl flex-col gap-6">
          <h1 className="text-4xl font-semibold tracking-tight text-balance sm:text-6xl">
            Sign-in that works from day one
          </h1>
          <p className="text-lg text-pretty text-muted">
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
        <ul className="grid gap-8 border-t border-line pt-10 sm:grid-cols-3">
          {PROMISES.map(([title, text]) => (
            <li key={title} className="flex flex-col gap-2">
              <h2 className="font-semibold">{title}</h2>
              <p className="text-sm text-pretty text-muted">{text}</p>
            </li>
          ))}
        </ul>
      </main>
    </div>
  )
}
