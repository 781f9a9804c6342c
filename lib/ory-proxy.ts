import { NextResponse } from "next/server"
import { env } from "@/lib/env"
import { log } from "@/lib/log"
import { browserCookie, errorId } from "@/lib/ory"
import { isSameOrigin, type AppRequest, type GateRequest } from "@/lib/request"
import { isOryPath, paths } from "@/lib/routes"
import { NO_STORE, secured } from "@/lib/security-headers"

/**
 * The same-origin topology: the browser reaches Ory through this app, because the two share no domain. Requests to Ory carry
 * only what Ory needs, and responses refer to this app instead of Ory. In the direct topology, `forOry` and `forBrowser` return
 * their value unchanged.
 */

/** Time limit for a response that Ory reads from its own database, in milliseconds. */
const READ_TIMEOUT_MS = 3000

/** Time limit for a form, or for the return from a social provider: Ory may itself wait for another server. Vercel's edge waits for 25 s. */
const SUBMIT_TIMEOUT_MS = 15_000

/** Largest JSON in which URLs are rewritten, in bytes. A flow has about ten thousand. */
const MAX_JSON = 1_000_000

/** Social and SAML providers send the browser back to paths below this one. Apple sends a POST from its own site. */
const PROVIDERS = "/self-service/methods/"

const METHODS = ["GET", "HEAD", "POST", "DELETE"]

const REQUEST_HEADERS = ["accept", "accept-language", "content-type", "user-agent"]

/** Paths as Ory writes them. Without percent signs, so that no server on the way reads another path. */
const PATH = /^(\/[\w~-][\w.~-]*|\/\.well-known)+$/

/** Query parameters of Ory that hold a URL to return to. */
const RETURN_TO = ["return_to", "after_verification_return_to"]

/** The pages that Ory Network hosts, by name, and this app's pages that replace them. */
const HOSTED_PAGES: ReadonlyMap<string | undefined, string> = new Map([
  ["login", paths.login],
  ["registration", paths.registration],
  ["recovery", paths.recovery],
  ["verification", paths.verification],
  ["settings", paths.settings],
  ["error", paths.error],
  ["welcome", paths.dashboard],
])

/** URLs inside URLs that are rewritten, for example the page inside `/auth/no-session`. More of them would only cost time. */
const MAX_DEPTH = 2

/** JSON keys that hold user input. Never rewritten. */
const USER_INPUT = ["traits", "value"]

/**
 * Forwards a request for one of Ory's paths, and returns Ory's response. It calls only these paths of `ORY_SDK_URL`, and sends
 * only Ory's own cookies and {@link REQUEST_HEADERS}.
 *
 * @returns Undefined while Ory is unreachable.
 */
export async function forward(request: GateRequest): Promise<NextResponse | undefined> {
  const { next, appUrl, kind, pathname, isRead } = request
  const respond = (body: BodyInit | null, init: ResponseInit): NextResponse =>
    secure(new NextResponse(body, init), appUrl)
  if (!METHODS.includes(next.method)) return respond(null, { status: 405, headers: { allow: METHODS.join(", ") } })
  if (isCrossSiteWrite(request)) return respond("This request was sent from another site.", { status: 403 })
  if (isFlowStart(request) && kind === "prefetch") return respond(null, { status: 204 })
  // Next's router then loads the page.
  if (isFlowStart(request) && isRouterFetch(request)) return respond("", { status: 200 })

  const timeout = isRead && !pathname.startsWith(PROVIDERS) ? READ_TIMEOUT_MS : SUBMIT_TIMEOUT_MS
  try {
    const target = await forwardedUrl(pathname, next.nextUrl.searchParams)
    if (target === undefined) return respond(null, { status: 404 })
    const init: RequestInit & { duplex: "half" } = {
      method: next.method,
      headers: forwardedHeaders(request),
      body: next.body,
      duplex: "half",
      redirect: "manual",
      cache: "no-store",
      signal: AbortSignal.timeout(timeout),
    }
    return secure(await rewritten(await fetch(target, init), target, next.method, appUrl), appUrl)
  } catch (error) {
    logUnreachable(next.method, pathname, error)
    return undefined
  }
}

function secure(response: NextResponse, appUrl: string): NextResponse {
  response.headers.set("cache-control", NO_STORE["cache-control"])
  return secured(response, appUrl)
}

/**
 * Whether another site sends a form. Ory accepts forms of `api` flows without a CSRF token, and refuses browsers there by their
 * `Origin`. That header is not forwarded, so it is checked here. Clients other than browsers send none.
 */
function isCrossSiteWrite(request: GateRequest): boolean {
  const { headers, isRead, pathname } = request
  return !isRead && !pathname.startsWith(PROVIDERS) && headers.has("origin") && !isSameOrigin(request)
}

/** Whether this request creates a flow at Ory. Only a page load and Ory Elements, which asks for JSON, may do that. */
function isFlowStart({ next, pathname }: GateRequest): boolean {
  return next.method === "GET" && pathname.startsWith("/self-service/")
}

function isRouterFetch({ headers }: GateRequest): boolean {
  return headers.get("sec-fetch-dest") === "empty" && !(headers.get("accept") ?? "").includes("application/json")
}

/**
 * The URL at Ory for this path and query. Undefined when the path is not one of Ory's.
 *
 * @throws Error while Ory is unreachable: see {@link forOry}.
 */
export async function forwardedUrl(pathname: string, query: URLSearchParams): Promise<URL | undefined> {
  if (!isOryPath(pathname) || !PATH.test(pathname)) return undefined
  const url = new URL(pathname, env.oryUrl)
  for (const [name, value] of query)
    url.searchParams.append(name, RETURN_TO.includes(name) ? await forOry(value) : value)
  return url.origin === env.oryUrl && url.pathname === pathname ? url : undefined
}

/** Ory's response to a request for a new flow. */
interface NewFlow {
  status: number
  /** The JSON. Undefined for other content. */
  body: unknown
  setCookies: string[]
}

/**
 * Asks Ory for a new flow in place of the browser, in any topology. Ory gets the same headers about the client as by {@link forward}.
 *
 * @param url Where the browser itself would start the flow.
 * @returns Undefined while Ory is unreachable.
 */
export async function requestNewFlow(request: GateRequest, url: string): Promise<NewFlow | undefined> {
  const { pathname, searchParams } = new URL(url)
  try {
    const target = await forwardedUrl(pathname, searchParams)
    if (target === undefined) throw new Error("it is not one of Ory's paths")
    const headers = forwardedHeaders(request)
    headers.set("accept", "application/json")
    const response = await fetch(target, {
      headers,
      redirect: "manual",
      cache: "no-store",
      signal: AbortSignal.timeout(READ_TIMEOUT_MS),
    })
    const { status } = response
    if (status >= 500 || status === 429) throw new Error(`status ${status}`)
    const body = isJson(response) ? parsed(await text(response)) : undefined
    if (body === undefined) await response.body?.cancel()
    return { status, body, setCookies: response.headers.getSetCookie() }
  } catch (error) {
    logUnreachable("GET", pathname, error)
    return undefined
  }
}

function logUnreachable(method: string, pathname: string, error: unknown): void {
  const why = error instanceof Error ? error.message : String(error)
  const message = `Ory at ${env.oryUrl} did not respond to ${method} ${pathname}: ${why}`
  log("error", "ory_proxy_failed", message, { ory: env.oryUrl, method, path: pathname, reason: why })
}

/** Headers for Ory. The names are those of Ory's tunnel: https://github.com/ory/cli/blob/master/cmd/cloudx/proxy/helpers.go */
function forwardedHeaders({ headers, appUrl, flowCookies }: AppRequest): Headers {
  const forwarded = new Headers()
  if (env.topology === "same-origin") {
    forwarded.set("ory-base-url-rewrite", appUrl)
    forwarded.set("ory-no-custom-domain-redirect", "true")
    if (env.oryProjectToken !== undefined) forwarded.set("ory-base-url-rewrite-token", env.oryProjectToken)
  }
  for (const name of REQUEST_HEADERS) {
    const value = headers.get(name)
    if (value !== null) forwarded.set(name, value)
  }
  if (flowCookies !== "") forwarded.set("cookie", flowCookies)
  const address = clientAddress(headers, appUrl)
  if (address !== undefined) forwarded.set("x-forwarded-for", address)
  return forwarded
}

/**
 * The client's IP address, only from a header that clients can't forge. Vercel overwrites its own header. Elsewhere, an app on
 * https is behind a proxy that appends the address it saw. On http, the address is unknown.
 * https://vercel.com/docs/headers/request-headers
 */
function clientAddress(headers: AppRequest["headers"], appUrl: string): string | undefined {
  if (!appUrl.startsWith("https://")) return undefined
  const value = headers.get(env.onVercel ? "x-vercel-forwarded-for" : "x-forwarded-for")
  const address = value?.split(",").at(-1)?.trim() ?? ""
  return /^[\da-f.:]{2,45}$/i.test(address) ? address : undefined
}

/** Ory's response for the browser: JSON with this app's URLs, scripts unchanged, and never a page. */
async function rewritten(response: Response, target: URL, method: string, appUrl: string): Promise<NextResponse> {
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
  const isScript = /^(text|application)\/javascript\b/i.test(type)
  if (status === 204 || (status >= 300 && status < 400) || method === "HEAD" || (status >= 400 && !isJson(response))) {
    await response.body?.cancel()
    return new NextResponse(null, { status, headers })
  }
  if (!isJson(response) && !isScript) throw new Error(`a response of type ${type}`)
  headers.set("content-type", type)
  if (isScript) return new NextResponse(response.body, { status, headers })
  const body = forBrowser(parsed(await text(response)), appUrl)
  return new NextResponse(JSON.stringify(body), { status, headers })
}

function isJson(response: Response): boolean {
  return /^application\/([\w.-]+\+)?json\b/i.test(response.headers.get("content-type") ?? "")
}

/** `JSON.parse` quotes its input in errors, and the input must not be logged. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw new Error("invalid JSON")
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

/**
 * Ory's URL, or all of Ory's URLs in JSON, for the browser: on this app's origin, and with this app's pages in place of the pages
 * that Ory hosts. Other URLs, for example of a social provider, stay unchanged.
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
      USER_INPUT.includes(key) ? item : mapped(item, appUrl),
    ]),
  )
}

function mappedUrl(value: string, appUrl: string, depth = 0): string {
  const url = urlOn([env.oryUrl, ...env.appUrls], value)
  if (url === undefined) return value
  for (const name of RETURN_TO) {
    const back = url.searchParams.get(name)
    if (back !== null && depth < MAX_DEPTH) url.searchParams.set(name, mappedUrl(back, appUrl, depth + 1))
  }
  // Without `/ui`, it is Ory's page only with a flow or an error: this app may have a page with that name.
  const hosted =
    /^\/ui\/(\w+)$/.exec(url.pathname) ?? (/[?&](flow|id)=/.test(url.search) ? /^\/(\w+)$/.exec(url.pathname) : null)
  return appUrl + (HOSTED_PAGES.get(hosted?.[1]) ?? url.pathname) + url.search + url.hash
}

/**
 * A URL to return to, in the form that Ory accepts. A project with default settings only allows its own pages, so a page of this
 * app is written as a page of Ory, and {@link forBrowser} reverts that. A Kratos whose base URL is this app's origin allows this
 * app's pages. Other URLs stay unchanged, and Ory refuses them.
 *
 * @param depth How many URLs contain this one. Only this function itself passes it.
 * @throws Error while Ory is unreachable.
 */
export async function forOry(value: string, depth = 0): Promise<string> {
  if (env.topology === "direct") return value
  const url = urlOn(env.appUrls, value)
  if (url === undefined || !(await allowsOwnPages())) return value
  for (const name of RETURN_TO) {
    const back = url.searchParams.get(name)
    if (back !== null && depth < MAX_DEPTH) url.searchParams.set(name, await forOry(back, depth + 1))
  }
  return env.oryUrl + url.pathname + url.search + url.hash
}

/** How long the result is cached, in milliseconds. A changed configuration of Ory takes effect after that. */
const CACHE_MS = 300_000

let allowed: { ownPages: boolean; until: number } | undefined

/** Whether Ory allows a return to Ory's own origin. Ory does not publish its allowed URLs, so this tries one. */
async function allowsOwnPages(): Promise<boolean> {
  if (allowed !== undefined && Date.now() < allowed.until) return allowed.ownPages
  const url = new URL("/self-service/login/browser", env.oryUrl)
  url.searchParams.set("return_to", `${env.oryUrl}/`)
  const response = await fetch(url, {
    headers: { accept: "application/json" },
    redirect: "manual",
    cache: "no-store",
    signal: AbortSignal.timeout(READ_TIMEOUT_MS),
  })
  if (response.status >= 500 || response.status === 429) throw new Error(`status ${response.status}`)
  const body: unknown = await response.json().catch(() => undefined)
  allowed = { ownPages: errorId(body) !== "self_service_flow_return_to_forbidden", until: Date.now() + CACHE_MS }
  return allowed.ownPages
}

/** Compares hosts only: behind a proxy that terminates TLS, Kratos writes its own URLs with http. */
function urlOn(origins: readonly string[], value: string): URL | undefined {
  if (!/^https?:\/\//i.test(value) || !URL.canParse(value)) return undefined
  const url = new URL(value)
  return origins.some((origin) => new URL(origin).host === url.host) ? url : undefined
}
