import "server-only"
// Bowser: the small, maintained MIT-licensed parser of user agents that needs no data file. It stays on the server.
import Bowser from "bowser"
import type { Session as OrySession } from "@ory/client"
import { isIP } from "node:net"
import { methodName } from "@/lib/methods"
import { ory } from "@/lib/ory"
import { OryUnavailableError } from "@/lib/session"

/** One place where someone is signed in, as they would recognise it. */
export interface Device {
  /** Of the session. */
  id: string
  /** Whether it is the one that asks. */
  current: boolean
  /** Browser and system, for example "Firefox on Windows". */
  name: string
  /** As far as Ory knows: behind a proxy it may be the proxy's. */
  address?: string
  since?: string
  until?: string
  /** How they proved who they are, the last time. */
  lastFactor?: string
}

/**
 * Every device on which the person is signed in, this one first.
 *
 * @param own The session of the device that asks, as Ory gave it.
 * @param cookie Their Ory cookies.
 * @throws OryUnavailableError when Ory does not list them.
 */
export async function listDevices(own: OrySession, cookie: string): Promise<[Device, ...Device[]]> {
  // Ory's list leaves the session out that asks for it.
  const others = await ory.listMySessions({ cookie }).catch(() => undefined)
  if (others?.status !== 200) throw new OryUnavailableError()
  return [describe(own, true), ...others.data.map((session) => describe(session, false))]
}

function describe(session: OrySession, current: boolean): Device {
  const device = session.devices?.at(-1)
  const factors = (session.authentication_methods ?? []).toSorted((a, b) => Date.parse(a.completed_at ?? "") - Date.parse(b.completed_at ?? ""))
  const last = factors.at(-1)
  return {
    id: session.id,
    current,
    name: browserAndSystem(device?.user_agent),
    address: [withoutPort(device?.ip_address), device?.location].filter((part) => part).join(", ") || undefined,
    since: session.issued_at,
    until: session.expires_at,
    lastFactor: last && methodName(last),
  }
}

/** For people, from what a browser says of itself; "Unknown browser" for what is none. */
export function browserAndSystem(userAgent: string | undefined): string {
  const { browser, os } = Bowser.parse(userAgent || "none")
  return [browser.name || "Unknown browser", os.name].filter((part) => part).join(" on ")
}

/** The address without the port that Ory may have put behind it. */
export function withoutPort(address: string | undefined): string | undefined {
  if (address === undefined || isIP(address) !== 0) return address
  return address.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1")
}
