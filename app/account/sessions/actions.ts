"use server"

import { refresh } from "next/cache"
import { headers } from "next/headers"
import { ory, sessionCookies } from "@/lib/ory"
import { checkAction, type Denied } from "@/lib/session"

/** What the page shows next. */
export interface DevicesState {
  denied?: Denied
  message?: string
}

/** Signs out one other device. */
export async function signOutDevice(_: DevicesState, form: FormData): Promise<DevicesState> {
  const checked = await checkAction()
  if ("denied" in checked) return { denied: checked.denied }

  const id = form.get("id")
  if (id === checked.session.id) return { message: "This is the device you are using. To leave it, use “Sign out” above." }
  const cookie = sessionCookies((await headers()).get("cookie"))
  try {
    // Ory answers the same, whether it ended a session or there was none of this person's to end.
    const { status, data } = await ory.listMySessions({ cookie })
    if (status !== 200) return UNAVAILABLE
    const device = data.find((session) => session.id === id)
    if (!device) return { message: "That device is none of yours, or is signed out already." }
    const ended = await ory.disableMySession({ id: device.id, cookie })
    if (ended.status !== 204) return UNAVAILABLE
  } catch {
    return UNAVAILABLE
  }
  refresh()
  return { message: "That device is signed out." }
}

/** Signs out everywhere but here: the example of a change that asks for a recent sign-in. */
export async function signOutOthers(): Promise<DevicesState> {
  const checked = await checkAction({ maxAgeSeconds: 900 })
  if ("denied" in checked) return { denied: checked.denied }

  const cookie = sessionCookies((await headers()).get("cookie"))
  const status = await ory.disableMyOtherSessions({ cookie }).then(
    (response) => response.status,
    () => undefined,
  )
  if (status !== 200) return UNAVAILABLE
  refresh()
  return { message: "You are signed out everywhere else." }
}

/** It may have been done all the same: an answer can be lost on its way. */
const UNAVAILABLE: DevicesState = { message: "Ory did not say that it is done. Load this page again to see, and try again." }
