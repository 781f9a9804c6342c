"use server"

import { refresh, revalidatePath } from "next/cache"
import { notFound, redirect } from "next/navigation"
import { checkAction } from "@/lib/session"
import { record } from "../record"

export async function plain(): Promise<void> {
  await record("action")
}

/** Makes Next render the page in the response to this action. */
export async function refreshing(): Promise<void> {
  await record("refreshing action")
  refresh()
}

export async function revalidating(): Promise<void> {
  await record("revalidating action")
  revalidatePath("/", "layout")
}

/** Makes Next fetch the page and put it into the response to this action. */
export async function redirecting(): Promise<never> {
  await record("redirecting action")
  redirect("/plain")
}

export async function missing(): Promise<never> {
  await record("not-found action")
  notFound()
}

/** The only action with the documented guard. */
export async function guarded(): Promise<void> {
  await record("guarded action")
  const checked = await checkAction()
  if ("denied" in checked) return
  await record("change")
}
