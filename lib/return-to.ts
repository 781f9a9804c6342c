/** The only code that decides where a user may be sent. */

import type { AppRequest } from "@/lib/request"
import { isOryPath, paths, type FlowKind } from "@/lib/routes"

/** Longer than any page here, and short enough for every proxy's limit on a URL that carries it. */
const MAX_LENGTH = 2048

/** Control characters, line separators, backslashes. */
const UNWANTED = /[\p{Cc}\p{Zl}\p{Zp}\\]/u

/** Paths that redirect or change something, besides Ory's. Returning to one could loop, or sign the user out. */
const NEVER = ["/auth", paths.unavailable, paths.forbidden, paths.refreshSession]

/**
 * The absolute URL of the page that `value` names, or of the default page.
 *
 * @param value A path or URL from any source: a query, a header, an attacker.
 * @param appUrl This app's own origin.
 * @returns A URL on `appUrl`, never an auth page. For `/auth/no-session`, the page inside it.
 */
export function returnTo(value: string | null | undefined, appUrl: string): string {
  return page(wantedPage(value, appUrl), appUrl) ?? appUrl + paths.dashboard
}

/** `/auth/no-session` with `page` inside, so that the user can still reach it. */
export function noSessionUrl(page: string, appUrl: string): string {
  const url = new URL(paths.noSession, appUrl)
  url.searchParams.set("return_to", page)
  return url.href
}

/** The page inside a {@link noSessionUrl}. Any other value is returned unchanged. An expired flow still leads to that page. */
function wantedPage(value: string | null | undefined, appUrl: string): string | null | undefined {
  const prefix = [appUrl + paths.noSession, paths.noSession].find((start) => value?.startsWith(`${start}?`))
  return prefix === undefined ? value : new URLSearchParams(value?.slice(prefix.length)).get("return_to")
}

/** The query of a flow page, as Next passes it. Only these three parameters reach Ory. */
export type FlowQuery = Partial<Record<"refresh" | "aal" | "return_to", string | string[]>>

/** The query of a flow page, from its URL. */
export function flowQuery(parameters: URLSearchParams): FlowQuery {
  return Object.fromEntries([...parameters.keys()].map((name) => [name, parameters.getAll(name)]))
}

/** The URL at which the browser starts a flow. Settings return to themselves by default, other flows to the default page. */
export function newFlowUrl(
  kind: FlowKind,
  oryUrl: string,
  query: FlowQuery,
  { appUrl, sessionCookies }: Pick<AppRequest, "appUrl" | "sessionCookies">,
): string {
  // Of a repeated parameter, the first counts, as everywhere in this app.
  const [refresh, aal, page] = [query.refresh, query.aal, query.return_to].map((value) => [value].flat()[0])
  const url = new URL(`/self-service/${kind}/browser`, oryUrl)
  if (refresh === "true") url.searchParams.set("refresh", "true")
  // Ory refuses `aal2` without a session: the first factor comes first.
  if (aal === "aal2" && sessionCookies !== "") url.searchParams.set("aal", "aal2")
  if (page !== undefined || kind !== "settings") url.searchParams.set("return_to", returnTo(page, appUrl))
  return url.href
}

/**
 * Ory's login for a browser. `refresh` requires the user to sign in again, `aal2` requires the second factor.
 * https://www.ory.com/docs/kratos/self-service/flows/user-login
 */
export function loginUrl(
  oryUrl: string,
  returnTo: string,
  { refresh, aal2 }: { refresh?: boolean; aal2?: boolean } = {},
): string {
  const url = new URL("/self-service/login/browser", oryUrl)
  if (refresh) url.searchParams.set("refresh", "true")
  if (aal2) url.searchParams.set("aal", "aal2")
  url.searchParams.set("return_to", returnTo)
  return url.href
}

/** The page where a signed-in user confirms the email address, and then continues to `returnTo`. */
export function verificationPageUrl(returnTo: string, appUrl: string): string {
  const url = new URL(paths.verification, appUrl)
  url.searchParams.set("return_to", returnTo)
  return url.href
}

/** Path and query without `_rsc`, with which Next's router marks its own fetches. */
export function withoutRouterQuery(path: string): string {
  const [page = "", ...query] = path.split("?")
  const pairs = query
    .join("?")
    .split("&")
    .filter((pair) => !pair.startsWith("_rsc="))
  return query.length === 0 || pairs.length === 0 ? page : `${page}?${pairs.join("&")}`
}

function page(value: string | null | undefined, appUrl: string): string | undefined {
  if (!value || value.length > MAX_LENGTH || !value.isWellFormed()) return undefined
  // URL parsers drop tabs and newlines and read a backslash as a slash. No page here needs any of these.
  if (UNWANTED.test(value) || /\s/.test(value)) return undefined
  // A path, or a URL with a plain host: no credentials, and no characters that a parser would convert.
  if (!/^(\/(?!\/)|https?:\/\/[\w.:[\]-]+([/?#]|$))/i.test(value) || !URL.canParse(value, appUrl)) return undefined
  const url = new URL(value, appUrl)
  if (url.origin !== appUrl || url.href.length > MAX_LENGTH) return undefined

  // No empty segments, and nothing that another server could read as a slash, a parent folder or the end of a line.
  const decoded = decode(url.pathname)
  if (decoded === undefined || UNWANTED.test(decoded)) return undefined
  // Some servers remove parameters of a segment first: they read `/..;a=b/` as `/../`.
  const path = decoded.replace(/;[^/]*/g, "")
  if (/\/\/|\/\.{1,2}(\/|$)/.test(path)) return undefined
  const lower = path.toLowerCase()
  if (isOryPath(lower) || NEVER.some((root) => lower === root || lower.startsWith(`${root}/`))) return undefined
  return url.href
}

/** The path with all layers of percent-encoding removed, and with look-alikes of slashes and letters replaced. */
function decode(path: string): string | undefined {
  for (let rounds = 0; rounds < 5; rounds++) {
    let next: string
    try {
      next = plain(decodeURIComponent(path))
    } catch {
      return undefined
    }
    if (next === path) return path
    path = next
  }
  return undefined
}

function plain(path: string): string {
  return path
    .normalize("NFKC")
    .replace(/[\u2044\u2215\u29f8]/g, "/")
    .replace(/[\u2216\u29f5\u29f9]/g, "\\")
}
