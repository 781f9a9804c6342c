"use server"

import { refresh } from "next/cache"
import { currentRequest } from "@/lib/current-request"
import { ory } from "@/lib/ory"
import { checkAction, type Denied } from "@/lib/session"

/** The page's next state. */
export interface DevicesState {
  denied?: Denied
  message?: string
}

/** Signs out one other device. */
export async function signOutDevice(_: DevicesState, form: FormData): Promise<DevicesState> {
  const { session, denied } = await checkAction()
  if (denied) return { denied }

  const id = form.get("id")
  if (id === session.id)
    return { message: "This is the device you are using. To sign out here, use “Sign out” at the top." }
  const { sessionCookies: cookie } = await currentRequest()
  try {
    // Ory responds with 204 whether or not it revoked a session, so check first that the session is this user's.
    const { status, data } = await ory.listMySessions({ cookie })
    if (status !== 200) return UNCONFIRMED
    const device = data.find((other) => other.id === id)
    if (!device) return { message: "That device is already signed out." }
    const revoked = await ory.disableMySession({ id: device.id, cookie })
    if (revoked.status !== 204) return UNCONFIRMED
  } catch {
    return UNCONFIRMED
  }
  refresh()
  return { message: "That device is signed out." }
}

/** Signs out all other devices. Example of a change that requires a recent sign-in. */
export async function signOutOthers(): Promise<DevicesState> {
  const { denied } = await checkAction({ maxAgeSeconds: 900 })
  if (denied) return { denied }

  const { sessionCookies: cookie } = await currentRequest()
  const response = await ory.disableMyOtherSessions({ cookie }).catch(() => undefined)
  if (response?.status !== 200) return UNCONFIRMED
  refresh()
  return { message: "You are signed out everywhere else." }
}

/** The change may still have happened: a response can be lost. */
const UNCONFIRMED: DevicesState = { message: "We couldn't confirm this. Reload the page to check, then try again." }
