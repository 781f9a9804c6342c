import { notFound } from "next/navigation"
import { accessTo } from "@/lib/routes"
import { record } from "../record"

export const instant = false

/** Like the project's own page. It is public below a public path, such as `/auth/x`. */
export default async function MissingPage({ params }: { params: Promise<{ missing: string[] }> }): Promise<never> {
  const path = `/${(await params).missing.join("/")}`
  if (!accessTo(path).public) await record("missing")
  notFound()
}
