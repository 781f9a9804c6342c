/** The only code that decides where a browser may be redirected. */

import type { Request } from "express"
import type { Config } from "./config.ts"

const DEFAULT_PAGE = "/dashboard"

/** Short enough for every proxy's limit on a URL. */
const MAX_LENGTH = 2048

/**
 * Returns the absolute URL of the page of this app that `value` names, or of the default page if `value` is not allowed.
 *
 * @param value A path or URL. It may come from an attacker.
 * @param appUrl The origin of this app. The result is always on it.
 */
export function returnTo(value: unknown, appUrl: string): string {
  const defaultUrl = appUrl + DEFAULT_PAGE
  if (typeof value !== "string" || value.length > MAX_LENGTH) return defaultUrl
  // URL parsers drop control characters and read a backslash as a slash. No page here needs either.
  if (/[\p{Cc}\s\\]/u.test(value) || !/^(\/|https?:\/\/)/i.test(value) || !URL.canParse(value, appUrl))
    return defaultUrl

  const { origin, username, password, pathname, href } = new URL(value, appUrl)
  const path = decode(pathname)
  if (origin !== appUrl || username !== "" || password !== "" || path === undefined || path.includes("//"))
    return defaultUrl
  // This path redirects to Ory, so returning to it would be a loop.
  return path === "/refresh-session" ? defaultUrl : href
}

function decode(path: string): string | undefined {
  try {
    return decodeURIComponent(path)
  } catch {
    return undefined
  }
}

/** The page to return to: the requested page or, after a POST, the page that has the form. */
export function requestedPage(request: Request): string | undefined {
  const isRead = request.method === "GET" || request.method === "HEAD"
  return isRead ? request.originalUrl : request.get("referer")
}

/**
 * Returns the URL of Ory's sign-in page, which then redirects to `page` if that is allowed.
 * https://www.ory.com/docs/kratos/self-service/flows/user-login
 */
export function loginUrl(config: Config, page: unknown, query: { refresh?: "true"; aal?: "aal2" } = {}): string {
  const search = new URLSearchParams({ ...query, return_to: returnTo(page, config.appUrl) })
  return `${config.oryUrl}/self-service/login/browser?${search.toString()}`
}
