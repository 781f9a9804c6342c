/** The only code that decides where a person may be sent. */

import type { Request } from "express"
import type { Config } from "./config.ts"

const DEFAULT_PAGE = "/dashboard"

/** Longer than any page here, and short enough for every proxy's limit on a URL that carries it. */
const MAX_LENGTH = 2048

/**
 * The absolute URL of a page of this app that `value` names, else that of the default page.
 *
 * @param value A path or URL, from anywhere: a query, a header, an attacker.
 * @param appUrl This app's own origin.
 * @returns Always a URL on `appUrl`.
 */
export function returnTo(value: unknown, appUrl: string): string {
  const standard = appUrl + DEFAULT_PAGE
  if (typeof value !== "string" || value.length > MAX_LENGTH) return standard
  // URL parsers drop control characters and read a backslash as a slash: no page here needs either.
  if (/[\p{Cc}\s\\]/u.test(value) || !/^(\/|https?:\/\/)/i.test(value) || !URL.canParse(value, appUrl)) return standard

  const { origin, username, password, pathname, href } = new URL(value, appUrl)
  if (origin !== appUrl || username !== "" || password !== "" || pathname.includes("//")) return standard
  // It sends people on by itself: coming back to it would be a loop.
  return pathname === "/refresh-session" ? standard : href
}

/** Where to come back to after signing in: the page that was asked for or, when that was an action, the one it was sent from. */
export function returnToPage(request: Request, appUrl: string): string {
  const reads = request.method === "GET" || request.method === "HEAD"
  return returnTo(reads ? request.originalUrl : request.get("referer"), appUrl)
}

/** Ory's login for a browser. https://www.ory.com/docs/kratos/self-service/flows/user-login */
export function loginUrl(config: Config, returnTo: string, ask?: { refresh: "true" } | { aal: "aal2" }): string {
  return `${config.oryUrl}/self-service/login/browser?${new URLSearchParams({ ...ask, return_to: returnTo }).toString()}`
}
