import type { Metadata } from "next"
import Link from "next/link"
import type { ReactNode } from "react"
import { AuthCard, Notice } from "@/components/auth-card"
import { paths } from "@/lib/routes"

export const metadata: Metadata = { title: "Not found" }

export default function NotFoundPage(): ReactNode {
  return (
    <AuthCard>
      <Notice title="Page not found">
        <Link href={paths.dashboard} className="button-primary">
          Go to your dashboard
        </Link>
      </Notice>
    </AuthCard>
  )
}
