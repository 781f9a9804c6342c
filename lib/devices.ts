import "server-only"
// Bowser is a small, maintained, MIT-licensed user agent parser without a data file. It stays on the server.
import Bowser from "bowser"
import type { Session as OrySession } from "@ory/client"
import { isIP } from "node:net"
import { currentRequest } from "@/lib/current-request"
import { methodName } from "@/lib/authentication-methods"
import { ory } from "@/lib/ory"
import { OryUnavailableError, readWholeSession } from "@/lib/session"
import type { Texts } from "@/lib/texts"

/** One session of the user, described so that they recognise it. */
export interface Device {
  /** The session's id. */
  id: string
  /** Whether it is the session of this request. */
  current: boolean
  /** Browser and system, for example "Firefox on Windows". */
  name: string
  /** A phone or a tablet. Other devices, and unknown ones, count as computers. */
  isMobile: boolean
  /** The address that Ory saw. Behind a proxy, it may be the proxy's. */
  address?: string
  since?: string
  until?: string
  /** The most recent authentication method. */
  lastFactor?: string
  /** The accessible name of the button that signs the device out. */
  signOut: string
}

type DeviceTexts = Pick<Texts, "devices" | "methods">

/**
 * All devices on which the user is signed in, this one first, described with these texts.
 *
 * @throws OryUnavailableError while Ory is unreachable.
 */
export async function listDevices(texts: DeviceTexts): Promise<[Device, ...Device[]]> {
  const { sessionCookies } = await currentRequest()
  // Ory's list omits the session of the request.
  const [own, others] = await Promise.all([
    readWholeSession(),
    ory.listMySessions({ cookie: sessionCookies }).catch(() => undefined),
  ])
  if (others?.status !== 200) throw new OryUnavailableError()
  return [describe(own, true, texts), ...others.data.map((session) => describe(session, false, texts))]
}

function describe(session: OrySession, current: boolean, texts: DeviceTexts): Device {
  const device = session.devices?.at(-1)
  const factors = (session.authentication_methods ?? []).toSorted(
    (a, b) => Date.parse(a.completed_at ?? "") - Date.parse(b.completed_at ?? ""),
  )
  const last = factors.at(-1)
  const name = browserAndSystem(device?.user_agent, texts.devices)
  return {
    id: session.id,
    current,
    name,
    isMobile: isMobile(device?.user_agent),
    address: [withoutPort(device?.ip_address), device?.location].filter((part) => part).join(", ") || undefined,
    since: session.issued_at,
    until: session.expires_at,
    lastFactor: last && methodName(last, texts),
    signOut: texts.devices.signOutDevice(name),
  }
}

/** A readable name for a user agent, with these texts. */
export function browserAndSystem(
  userAgent: string | undefined,
  texts: Pick<Texts["devices"], "browserOnSystem" | "unknownBrowser">,
): string {
  const { browser, os } = Bowser.parse(userAgent || "none")
  const name = browser.name || texts.unknownBrowser
  return os.name ? texts.browserOnSystem(name, os.name) : name
}

function isMobile(userAgent: string | undefined): boolean {
  const { type } = Bowser.parse(userAgent || "none").platform
  return type === "mobile" || type === "tablet"
}

/** The address without the port that Ory may have appended. */
export function withoutPort(address: string | undefined): string | undefined {
  if (address === undefined || isIP(address) !== 0) return address
  return address.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1")
}
