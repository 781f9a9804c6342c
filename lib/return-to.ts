/** The only code that decides where a person may be sent. */

import { isOrys } from "@/lib/routes"

/** Where people go who have nowhere else to be. */
export const DEFAULT_PAGE = "/dashboard"

/** The page that ends a redirect loop: see `lib/redirect-loop.ts`. Its query holds the page that the visitor wanted. */
export const NO_SESSION = "/auth/no-session"

/** The gate tells a page its own path and query in this header; what a client sends under the name is dropped. */
export const PATH_HEADER = "x-request-path"

/** Longer than any page of ours, and short enough for every proxy's limit on a URL that carries it. */
const MAX_LENGTH = 2048

/** Control characters, line separators, backslashes. */
const UNWANTED = /[\p{Cc}\p{Zl}\p{Zp}\\]/u

/** Paths that send people on by themselves, beside Ory's: coming back to one would be a loop, or sign somebody out. */
const NEVER = ["/auth", "/unavailable", "/api/refresh-session"]

/**
 * The absolute URL of a page of this app that `value` names, else that of the default page.
 *
 * @param value A path or URL, from anywhere: a query, a header, an attacker.
 * @param appUrl This app's own origin.
 * @returns Always a URL on `appUrl`, never an auth page. For {@link NO_SESSION}, the page inside it.
 */
export function returnTo(value: string | null | undefined, appUrl: string): string {
  return page(wantedPage(value, appUrl), appUrl) ?? appUrl + DEFAULT_PAGE
}

/** {@link NO_SESSION} in the place of `page`, which it leads to. */
export function noSessionUrl(page: string, appUrl: string): string {
  const url = new URL(NO_SESSION, appUrl)
  url.searchParams.set("return_to", page)
  return url.href
}

/** The page inside a {@link noSessionUrl}, so that an expired flow, or a change to sign-up, still leads there. Any other value stays. */
function wantedPage(value: string | null | undefined, appUrl: string): string | null | undefined {
  const prefix = [appUrl + NO_SESSION, NO_SESSION].find((start) => value?.startsWith(`${start}?`))
  return prefix === undefined ? value : new URLSearchParams(value?.slice(prefix.length)).get("return_to")
}

/**
 * Where someone whose request was stopped should come back to: the page itself, and never what a form posts to.
 * A request that is not a GET or HEAD returns to the page it was sent from.
 *
 * @param path Path and query of the request.
 * @param referer The request's Referer header.
 */
export function returnToPage(method: string, path: string, referer: string | null, appUrl: string): string {
  const asked = method === "GET" || method === "HEAD" ? withoutRouterQuery(path) : referer
  return returnTo(asked, appUrl)
}

/** Ory's login for a browser: `refresh` asks for a proof again, `aal2` for the second factor. https://www.ory.com/docs/kratos/self-service/flows/user-login */
export function loginUrl(oryUrl: string, returnTo: string, ask: { refresh?: boolean; aal2?: boolean } = {}): string {
  const url = new URL("/self-service/login/browser", oryUrl)
  if (ask.refresh) url.searchParams.set("refresh", "true")
  if (ask.aal2) url.searchParams.set("aal", "aal2")
  url.searchParams.set("return_to", returnTo)
  return url.href
}

function page(value: string | null | undefined, appUrl: string): string | undefined {
  if (!value || value.length > MAX_LENGTH || !value.isWellFormed()) return undefined
  // URL parsers drop tabs and newlines, read a backslash as a slash, and forgive much else: no page of ours needs any.
  if (UNWANTED.test(value) || /\s/.test(value)) return undefined
  // A path, or a URL whose host is spelled out: no credentials, and nothing that parsers first have to turn into a host.
  if (!/^(\/(?!\/)|https?:\/\/[\w.:[\]-]+([/?#]|$))/i.test(value) || !URL.canParse(value, appUrl)) return undefined
  const url = new URL(value, appUrl)
  if (url.origin !== appUrl || url.href.length > MAX_LENGTH) return undefined

  // No empty segments, and nothing that something behind us could read as a slash, a step up or the end of a line.
  const decoded = decode(url.pathname)
  if (decoded === undefined || UNWANTED.test(decoded)) return undefined
  // Some servers cut a segment's parameters off before they look at the path: to them `/..;a=b/` is `/../`.
  const path = decoded.replace(/;[^/]*/g, "")
  if (/\/\/|\/\.{1,2}(\/|$)/.test(path)) return undefined
  const lower = path.toLowerCase()
  if (isOrys(lower) || NEVER.some((root) => lower === root || lower.startsWith(`${root}/`))) return undefined
  return url.href
}

/** The path with every layer of percent-encoding taken off and look-alikes of slashes and letters made plain. */
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

/** Next's router marks its own fetches with `_rsc`; that is no part of the page's address. */
function withoutRouterQuery(path: string): string {
  const [page = "", ...query] = path.split("?")
  const pairs = query
    .join("?")
    .split("&")
    .filter((pair) => !pair.startsWith("_rsc="))
  return query.length === 0 || pairs.length === 0 ? page : `${page}?${pairs.join("&")}`
}
