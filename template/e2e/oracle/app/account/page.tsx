import type { ReactNode } from "react"
import { record } from "../record"
import { guarded, missing, plain, redirecting, refreshing, revalidating } from "./actions"

export const instant = false

export default async function ActionsPage(): Promise<ReactNode> {
  await record("page with actions")
  const inline = async (): Promise<void> => {
    "use server"
    await record("inline action")
  }
  const actions = [inline, plain, refreshing, revalidating, redirecting, missing, guarded]
  return actions.map((action, index) => <form key={index} action={action} />)
}
