import Link from "next/link"
import type { ReactNode } from "react"
import { Brand } from "@/components/brand"

const PROMISES = [
  ["Checked twice", "The gate on the edge decides for each request. The page checks again, so nothing hangs on one lock."],
  ["Right when Ory is not", "An outage is a short pause for everybody, never a redirect loop and never a sign-out."],
  ["Yours to change", "Small files, plain names, real tests against a real Ory Kratos on your own machine."],
]

/** Public, and the same for everybody: it links to the dashboard, and the gate there decides. */
export default function LandingPage(): ReactNode {
  return (
    <div className="mx-auto flex min-h-dvh max-w-5xl flex-col px-6">
      <header className="flex h-20 items-center justify-between">
        <Brand />
        <Link href="/auth/login" prefetch={false} className="button">
          Sign in
        </Link>
      </header>
      <main className="flex flex-1 flex-col justify-center gap-16 py-16">
        <div className="flex max-w-2xl flex-col gap-6">
          <h1 className="text-4xl font-semibold tracking-tight text-balance sm:text-6xl">Sessions that are right, from the first day</h1>
          <p className="text-lg text-pretty text-muted">
            Sign-up, sign-in, second factors and a protected dashboard, with Ory and the Next.js App Router. Clone it, run one
            command, build your product.
          </p>
          <div className="flex flex-wrap gap-3">
            <Link href="/auth/registration" prefetch={false} className="button-primary">
              Create an account
            </Link>
            <Link href="/dashboard" className="button">
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
