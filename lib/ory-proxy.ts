import { NextResponse } from "next/dist/server/web/spec-extension/response"
import { env } from "@/lib/env"
import { isPrefetch, refuse, secured, type Visit } from "@/lib/gate"
import { isSameOrigin } from "@/lib/origin"
import { browserCookie, errorId, flowCookies } from "@/lib/ory"
import { DEFAULT_PAGE } from "@/lib/return-to"
import { isOrys } from "@/lib/routes"

/**
 * The same-origin topology: the browser reaches Ory through this app, where no domain can be shared with it. Ory need not
 * know. What goes up is Ory's, what comes back reads as if this app had said it. In the direct topology every function
 * here leaves its value as it is.
 */

/** How long Ory may take, in milliseconds, for what it answers from its own database. */
const READ_LIMIT = 3000

/** For a form, or the way back from a social provider, Ory may itself be asking others. Vercel's edge waits for 25 s. */
const SUBMIT_LIMIT = 15_000

/** Longest JSON, in bytes, that is read whole to change the URLs in it. Flows have some ten thousand. */
const MAX_JSON = 1_000_000

/** Social and SAML providers send the browser back to a path below this one, Apple by a POST from its own site. */
const PROVIDERS = "/self-service/methods/"

const METHODS = ["GET", "HEAD", "POST", "DELETE"]

const REQUEST_HEADERS = ["accept", "accept-language", "content-type", "user-agent"]

/** Segments as Ory writes them. No percent sign, so that nothing can turn into another path further on. */
const PATH = /^(\/[\w~-][\w.~-]*|\/\.well-known)+$/

/** Parameters of Ory's that hold a URL to come back to. */
const RETURN_TO = ["return_to", "after_verification_return_to"]

/** Ory Network's own pages, and this app's in their place. */
const PAGES: ReadonlyMap<string | undefined, string> = new Map([
  ["login", "/auth/login"],
  ["registration", "/auth/registration"],
  ["recovery", "/auth/recovery"],
  ["verification", "/auth/verification"],
  ["settings", "/account/settings"],
  ["error", "/auth/error"],
  ["welcome", DEFAULT_PAGE],
])

/** Keys of Ory's JSON under which people's own words are, which stay as they are. */
const OWN_WORDS = ["traits", "value"]

/**
 * Forwards a request for one of Ory's paths, and answers as Ory did. No request gets anywhere but to these paths of
 * `ORY_SDK_URL`, and none carries more than Ory's own cookies and {@link REQUEST_HEADERS}.
 */
export async function forward(visit: Visit): Promise<NextResponse> {
  const { request, appUrl, pathname } = visit
  if (!METHODS.includes(request.method))
    return answered(visit, new NextResponse(null, { status: 405, headers: { allow: METHODS.join(", ") } }))
  if (isCrossSiteWrite(visit))
    return answered(visit, new NextResponse("This request was sent from another site.", { status: 403 }))
  if (isSpeculative(visit)) return answered(visit, new NextResponse(null, { status: 204 }))

  const reads = isRead(request.method) && !pathname.startsWith(PROVIDERS)
  try {
    const target = await forwardedUrl(pathname, request.nextUrl.searchParams)
    if (target === undefined) return answered(visit, new NextResponse(null, { status: 404 }))
    const init: RequestInit & { duplex: "half" } = {
      method: request.method,
      headers: forwardedHeaders(request.headers, appUrl),
      body: request.body,
      duplex: "half",
      redirect: "manual",
      cache: "no-store",
      signal: AbortSignal.timeout(reads ? READ_LIMIT : SUBMIT_LIMIT),
    }
    const response = await fetch(target, init)
    return answered(visit, await answer(response, target, request.method, appUrl))
  } catch (error) {
    console.error(
      `Ory at ${env.oryUrl} did not answer ${request.method} ${pathname}: ${error instanceof Error ? error.message : String(error)}`,
    )
    return refuse(visit, { outcome: "unavailable" })
  }
}

/**
 * Whether another site sends a form. Ory refuses a browser that submits a flow of type `api`, which needs no CSRF token, by its
 * `Origin` header. That header stays here, so the check is here. Clients other than browsers send none.
 */
function isCrossSiteWrite({ request, appUrl, pathname }: Visit): boolean {
  if (isRead(request.method) || pathname.startsWith(PROVIDERS)) return false
  return request.headers.has("origin") && !isSameOrigin(request.headers, appUrl)
}

function isRead(method: string): boolean {
  return method === "GET" || method === "HEAD"
}

/**
 * Whether this is Next's router or the browser, fetching what may be shown next: no flow is to begin. Given nothing, the
 * router loads the page after all.
 */
function isSpeculative({ request, pathname }: Visit): boolean {
  if (request.method !== "GET" || !pathname.startsWith("/self-service/")) return false
  const json = (request.headers.get("accept") ?? "").includes("application/json")
  return isPrefetch(request) || (request.headers.get("sec-fetch-dest") === "empty" && !json)
}

/**
 * Where a request for this path goes: below one of Ory's roots at `ORY_SDK_URL`, or nowhere.
 *
 * @throws Error while Ory does not answer: see {@link forOry}.
 */
export async function forwardedUrl(pathname: string, query: URLSearchParams): Promise<URL | undefined> {
  if (!isOrys(pathname) || !PATH.test(pathname)) return undefined
  const url = new URL(pathname, env.oryUrl)
  for (const [name, value] of query)
    url.searchParams.append(name, RETURN_TO.includes(name) ? await forOry(value) : value)
  return url.origin === env.oryUrl && url.pathname === pathname ? url : undefined
}

/** What Ory is told of a request, by the names its own tunnel uses: https://github.com/ory/cli/blob/master/cmd/cloudx/proxy/helpers.go */
export function forwardedHeaders(headers: Headers, appUrl: string): Headers {
  const forwarded = new Headers({ "ory-base-url-rewrite": appUrl, "ory-no-custom-domain-redirect": "true" })
  if (env.oryProjectToken !== undefined) forwarded.set("ory-base-url-rewrite-token", env.oryProjectToken)
  for (const name of REQUEST_HEADERS) {
    const value = headers.get(name)
    if (value !== null) forwarded.set(name, value)
  }
  const cookie = flowCookies(headers.get("cookie"))
  if (cookie !== "") forwarded.set("cookie", cookie)
  const address = clientAddress(headers, appUrl)
  if (address !== undefined) forwarded.set("x-forwarded-for", address)
  return forwarded
}

/**
 * The client's address where somebody says it whom clients cannot speak for. Vercel overwrites its own header; elsewhere
 * an app on https has something in front that ends TLS, which puts the address it saw last. On http: unknown.
 * https://vercel.com/docs/headers/request-headers
 */
function clientAddress(headers: Headers, appUrl: string): string | undefined {
  if (!appUrl.startsWith("https://")) return undefined
  const said = headers.get(env.onVercel ? "x-vercel-forwarded-for" : "x-forwarded-for")
  const address = said?.split(",").at(-1)?.trim() ?? ""
  return /^[\da-f.:]{2,45}$/i.test(address) ? address : undefined
}

/** Ory's answer as the browser gets it: JSON with this app's URLs, scripts as they are, and nothing to show as a page. */
async function answer(response: Response, target: URL, method: string, appUrl: string): Promise<NextResponse> {
  const { status } = response
  if (status >= 500 || status === 429) throw new Error(`status ${status}`)

  const headers = new Headers()
  for (const setCookie of response.headers.getSetCookie()) {
    const cookie = browserCookie(setCookie, appUrl)
    if (cookie !== undefined) headers.append("set-cookie", cookie)
  }
  const location = response.headers.get("location")
  if (location !== null) {
    const url = new URL(location, target)
    if (!/^https?:$/.test(url.protocol)) throw new Error(`a redirect to ${url.protocol}`)
    headers.set("location", forBrowser(url.href, appUrl))
  }

  const type = response.headers.get("content-type") ?? ""
  const isJson = /^application\/([\w.-]+\+)?json\b/i.test(type)
  const isScript = /^(text|application)\/javascript\b/i.test(type)
  if (status === 204 || (status >= 300 && status < 400) || method === "HEAD" || (status >= 400 && !isJson)) {
    await response.body?.cancel()
    return new NextResponse(null, { status, headers })
  }
  if (!isJson && !isScript) throw new Error(`an answer of type ${type}`)
  headers.set("content-type", type)
  if (isScript) return new NextResponse(response.body, { status, headers })
  const body = forBrowser(parsed(await text(response)), appUrl)
  return new NextResponse(JSON.stringify(body), { status, headers })
}

/** What `JSON.parse` says of a mistake quotes what is around it, which is nothing for the log. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw new Error("JSON that is none")
  }
}

async function text(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let read = ""
  let bytes = 0
  for (const reader = response.body?.getReader(); reader;) {
    const { done, value } = await reader.read()
    if (done) break
    bytes += value.byteLength
    if (bytes > MAX_JSON) {
      await reader.cancel()
      throw new Error(`more than ${MAX_JSON} bytes of JSON`)
    }
    read += decoder.decode(value, { stream: true })
  }
  return read + decoder.decode()
}

function answered(visit: Visit, response: NextResponse): NextResponse {
  response.headers.set("cache-control", "private, no-store")
  return secured(visit, response)
}

/**
 * A URL of Ory's, or all of them in Ory's JSON, as the browser may see them: on this app's origin, Ory's hosted pages as
 * this app's. URLs that lead elsewhere, to a social provider for one, stay as they are.
 */
export function forBrowser<T>(value: T, appUrl: string): T {
  return env.topology === "direct" ? value : (mapped(value, appUrl) as T)
}

function mapped(value: unknown, appUrl: string): unknown {
  if (typeof value === "string") return mappedUrl(value, appUrl)
  if (Array.isArray(value)) return value.map((item) => mapped(item, appUrl))
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]: [string, unknown]) => [
      key,
      OWN_WORDS.includes(key) ? item : mapped(item, appUrl),
    ]),
  )
}

function mappedUrl(value: string, appUrl: string): string {
  const url = urlOn([env.oryUrl, ...env.appUrls], value)
  if (url === undefined) return value
  for (const name of RETURN_TO) {
    const back = url.searchParams.get(name)
    if (back !== null) url.searchParams.set(name, mappedUrl(back, appUrl))
  }
  // Without `/ui` it is Ory's page only where it shows a flow or an error: this app may have a page of that name.
  const hosted =
    /^\/ui\/(\w+)$/.exec(url.pathname) ?? (/[?&](flow|id)=/.test(url.search) ? /^\/(\w+)$/.exec(url.pathname) : null)
  return appUrl + (PAGES.get(hosted?.[1]) ?? url.pathname) + url.search + url.hash
}

/**
 * A URL to return to, as this Ory accepts it. A project in default settings allows its own pages alone, so a page of this app is
 * named as one of Ory's, and {@link forBrowser} turns it back. A Kratos whose base URL is this app's origin allows this app's
 * pages. Other URLs stay, for Ory to refuse.
 *
 * @throws Error while Ory does not answer.
 */
export async function forOry(value: string): Promise<string> {
  if (env.topology === "direct") return value
  const url = urlOn(env.appUrls, value)
  if (url === undefined || !(await allowsOwnPages())) return value
  for (const name of RETURN_TO) {
    const back = url.searchParams.get(name)
    if (back !== null) url.searchParams.set(name, await forOry(back))
  }
  return env.oryUrl + url.pathname + url.search + url.hash
}

/** How long Ory's answer about its allowed URLs is used, in milliseconds. A changed configuration takes effect after it. */
const ALLOWED_FOR = 300_000

let allowed: { ownPages: boolean; until: number } | undefined

/** Whether Ory lets a browser return to Ory's own origin. Only trying tells: Ory does not publish its allowed URLs. */
async function allowsOwnPages(): Promise<boolean> {
  if (allowed !== undefined && Date.now() < allowed.until) return allowed.ownPages
  const url = new URL("/self-service/login/browser", env.oryUrl)
  url.searchParams.set("return_to", `${env.oryUrl}/`)
  const response = await fetch(url, {
    headers: { accept: "application/json" },
    redirect: "manual",
    cache: "no-store",
    signal: AbortSignal.timeout(READ_LIMIT),
  })
  if (response.status >= 500 || response.status === 429) throw new Error(`status ${response.status}`)
  const body: unknown = await response.json().catch(() => undefined)
  allowed = { ownPages: errorId(body) !== "self_service_flow_return_to_forbidden", until: Date.now() + ALLOWED_FOR }
  return allowed.ownPages
}

/** By host: behind a proxy that ends TLS, Kratos calls itself http. */
function urlOn(origins: readonly string[], value: string): URL | undefined {
  if (!/^https?:\/\//i.test(value) || !URL.canParse(value)) return undefined
  const url = new URL(value)
  return origins.some((origin) => new URL(origin).host === url.host) ? url : undefined
}
