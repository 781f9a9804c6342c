"use server"

import { refresh } from "next/cache"
import { currentRequest } from "@/lib/current-request"
import { pageTexts } from "@/lib/language"
import { ory } from "@/lib/ory"
import { checkAction, type Denied } from "@/lib/session"

/** The page's next state. */
export interface DevicesState {
  denied?: Denied
  message?: string
}

/** Signs out one other device. */
export async function signOutDevice(_: DevicesState, form: unknown): Promise<DevicesState> {
  const { session, denied } = await checkAction()
  if (denied) return { denied }

  const texts = (await pageTexts()).devices
  const id = form instanceof FormData ? form.get("id") : undefined
  if (id === session.id) return { message: texts.own }
  const { sessionCookies: cookie } = await currentRequest()
  try {
    // Ory responds with 204 whether or not it revoked a session, so check first that the session is this user's.
    const { status, data } = await ory.listMySessions({ cookie })
    if (status !== 200) return { message: texts.unconfirmed }
    const device = data.find((other) => other.id === id)
    if (!device) return { message: texts.alreadySignedOut }
    const revoked = await ory.disableMySession({ id: device.id, cookie })
    if (revoked.status !== 204) return { message: texts.unconfirmed }
  } catch {
    return { message: texts.unconfirmed }
  }
  refresh()
  return { message: texts.signedOut }
}

/** Signs out all other devices. Example of a change that requires a recent sign-in. */
export async function signOutOthers(): Promise<DevicesState> {
  const { denied } = await checkAction({ maxAgeSeconds: 900 })
  if (denied) return { denied }

  const texts = (await pageTexts()).devices
  const { sessionCookies: cookie } = await currentRequest()
  const response = await ory.disableMyOtherSessions({ cookie }).catch(() => undefined)
  if (response?.status !== 200) return { message: texts.unconfirmed }
  refresh()
  return { message: texts.othersSignedOut }
}
