import type { NextResponse } from "next/server"
import { env, oryPublicUrl } from "@/lib/env"
import { passPublic, redirect, refuse } from "@/lib/gate"
import { browserCookie, cookieName, errorId, isFlowCookie, isSessionCookie } from "@/lib/ory"
import { requestNewFlow } from "@/lib/ory-proxy"
import type { GateRequest } from "@/lib/request"
import { flowQuery, newFlowUrl, returnTo, type FlowQuery } from "@/lib/return-to"

/** How long every browser is redirected to Ory after a flow that was of no use, in milliseconds. Each would create another one. */
const REDIRECT_MS = 300_000

/** For each origin of this app, until when. */
const redirectUntil = new Map<string, number>()

/**
 * Responds to a page load of a sign-in page without a flow: creates the flow at Ory and shows the page with it. Otherwise the browser
 * would load three documents, this page, Ory and this page again. See docs/decisions/sign-in-in-one-request.md.
 *
 * @returns Undefined when the browser must get its flow from Ory itself: `startFlow` then redirects it.
 */
export async function showNewFlow(request: GateRequest): Promise<NextResponse | undefined> {
  const { next, appUrl } = request
  const kind = request.access.flow
  if (kind === undefined || !isPageOfBrowser(request)) return undefined
  if (Date.now() < (redirectUntil.get(appUrl) ?? 0)) return undefined
  const { searchParams } = next.nextUrl
  const flowUrl = (query: FlowQuery): string => newFlowUrl(kind, oryPublicUrl(appUrl), query, request)
  let response = await requestNewFlow(request, flowUrl(flowQuery(searchParams)))
  // The session has ended, so the first factor comes first.
  if (errorId(response?.body) === "session_aal1_required")
    response = await requestNewFlow(request, flowUrl({ ...flowQuery(searchParams), aal: undefined }))
  if (response === undefined) return refuse(request, "unavailable")
  if (errorId(response.body) === "session_already_available")
    return redirect(returnTo(searchParams.get("return_to"), appUrl), appUrl)

  const { id } = (response.body ?? {}) as { id?: unknown }
  const cookies = response.setCookies.filter(isOryCookie)
  if (response.status !== 200 || typeof id !== "string") return undefined
  if (!cookies.every((cookie) => reachesBoth(cookie, appUrl))) {
    redirectUntil.set(appUrl, Date.now() + REDIRECT_MS)
    return undefined
  }

  const sent = cookies.map((cookie) => browserCookie(cookie, appUrl)).filter((cookie) => cookie !== undefined)
  const url = next.nextUrl.clone()
  url.searchParams.set("flow", id)
  const page = passPublic(request, { url: url.href, cookie: withCookies(next.headers.get("cookie"), sent) })
  for (const cookie of [...sent, flowCookie(id, url.pathname, appUrl)]) page.headers.append("set-cookie", cookie)
  return page
}

/** Whether a browser shows the response. Other clients, such as crawlers, and prefetches get no flow before they follow the redirect. */
function isPageOfBrowser({ next, access, kind, headers }: GateRequest): boolean {
  const isDocument = kind === "page" && headers.get("sec-fetch-dest") === "document"
  const hasFlow = next.nextUrl.searchParams.getAll("flow").length === 1
  return access.public === true && next.method === "GET" && isDocument && !hasFlow
}

/** Whether Ory itself sets this cookie. Proxies in front of Ory set others, for their own use. */
function isOryCookie(setCookie: string): boolean {
  const name = cookieName(setCookie)
  return isSessionCookie(name) || isFlowCookie(name)
}

/** Whether the browser sends this cookie to Ory and to this app if this app sets it. */
function reachesBoth(setCookie: string, appUrl: string): boolean {
  if (env.topology === "same-origin") return true
  const hosts = [new URL(appUrl).hostname, new URL(env.oryUrl).hostname] as const
  const domain = /;\s*domain=\.?([^;\s]+)/i.exec(setCookie)?.[1]?.toLowerCase()
  if (domain === undefined) return hosts[0] === hosts[1]
  return hosts.every((host) => host === domain || host.endsWith(`.${domain}`))
}

/**
 * Names the flow that the gate created last for this browser. The page compares it with its own flow
 * (`elements/flow-in-address.tsx`).
 */
function flowCookie(id: string, path: string, appUrl: string): string {
  const secure = appUrl.startsWith("https://") ? "; Secure" : ""
  return `sign_in_flow=${id}; Path=${path}; Max-Age=60; SameSite=Lax${secure}`
}

/** The `Cookie` header that the browser sends after a response with these `Set-Cookie` values. */
function withCookies(header: string | null, setCookies: readonly string[]): string {
  const pairs = setCookies.map((setCookie) => setCookie.split(";", 1)[0] ?? "")
  const names = pairs.map(cookieName)
  const kept = (header ?? "").split(/;\s*/).filter((pair) => pair !== "" && !names.includes(cookieName(pair)))
  return [...kept, ...pairs].join("; ")
}
