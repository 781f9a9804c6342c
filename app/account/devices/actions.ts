"use server"

import { refresh } from "next/cache"
import { headers } from "next/headers"
import { ory, sessionCookies } from "@/lib/ory"
import { checkAction, type Denied } from "@/lib/session"

/** The page's next state. */
export interface DevicesState {
  denied?: Denied
  message?: string
}

/** Signs out one other device. */
export async function signOutDevice(_: DevicesState, form: FormData): Promise<DevicesState> {
  const checked = await checkAction()
  if ("denied" in checked) return { denied: checked.denied }

  const id = form.get("id")
  if (id === checked.session.id)
    return { message: "This is the device you are using. To sign out here, use “Sign out” at the top." }
  const cookie = sessionCookies((await headers()).get("cookie"))
  try {
    // Ory answers 204 whether or not it revoked a session, so check first that the session is this user's.
    const { status, data } = await ory.listMySessions({ cookie })
    if (status !== 200) return UNAVAILABLE
    const device = data.find((session) => session.id === id)
    if (!device) return { message: "That device is already signed out." }
    const ended = await ory.disableMySession({ id: device.id, cookie })
    if (ended.status !== 204) return UNAVAILABLE
  } catch {
    return UNAVAILABLE
  }
  refresh()
  return { message: "That device is signed out." }
}

/** Signs out all other devices. Example of a change that requires a recent sign-in. */
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

/** The change may still have happened: a response can be lost. */
const UNAVAILABLE: DevicesState = { message: "We couldn't confirm this. Reload the page to check, then try again." }
