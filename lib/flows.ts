import "server-only"
import type { LoginFlow, UiContainer, UiNode } from "@ory/client"
import { headers } from "next/headers"
import { redirect } from "next/navigation"
import type { Flows } from "@/elements/elements"
import { appUrl, oryPublicUrl } from "@/lib/env"
import { errorId, flowCookies, ory, sessionCookies } from "@/lib/ory"
import { forBrowser } from "@/lib/ory-proxy"
import { logMissingCookies } from "@/lib/redirect-loop"
import { returnTo } from "@/lib/return-to"
import { OryUnavailableError, readSession } from "@/lib/session"

/** What Next gives a page of its query. */
export type Query = Promise<Record<string, string | string[] | undefined>>

type Kind = keyof Flows

const get: Record<
  Kind,
  (flow: { id: string; cookie: string }) => Promise<{ status: number; data: { type: string; ui: UiContainer } }>
> = {
  login: (flow) => ory.getLoginFlow(flow),
  registration: (flow) => ory.getRegistrationFlow(flow),
  recovery: (flow) => ory.getRecoveryFlow(flow),
  verification: (flow) => ory.getVerificationFlow(flow),
  settings: (flow) => ory.getSettingsFlow(flow),
}

/**
 * The flow that the page's query names, for Ory Elements. Without one, or with one that has expired, is someone else's, is not
 * for browsers or never existed, the browser is sent to Ory to begin a new one, which ends at this page again.
 *
 * @returns The flow; or null where beginning again would go round in circles: the browser keeps none of Ory's cookies.
 * @throws OryUnavailableError while Ory does not answer.
 */
export async function requireFlow<K extends Kind>(kind: K, query: Query): Promise<Flows[K] | null> {
  const request = await headers()
  const { flow: id, ...wishes } = await query
  const app = appUrl(request.get("host"))
  const cookie = flowCookies(request.get("cookie"))
  if (typeof id !== "string") return redirect(newFlow(kind, wishes, cookie, app))

  const response = await get[kind]({ id, cookie }).catch(() => {
    throw new OryUnavailableError()
  })
  // Anybody can make and prefill a flow of type `api`: no cookie ties it to this browser.
  if (response.status === 200 && response.data.type !== "browser") return redirect(newFlow(kind, wishes, cookie, app))
  if (response.status === 200) {
    const flow = forBrowser(response.data, app)
    if (kind === "login" && nothingToAsk(flow as LoginFlow)) redirect(await enrol(flow as LoginFlow, app))
    return prepared(flow, request.get("x-nonce")) as unknown as Flows[K]
  }
  if (errorId(response.data) === "security_csrf_violation" && !cookie.includes("csrf_token_")) {
    logMissingCookies("flow", request.get("cookie"), app)
    return null
  }
  if (![400, 403, 404, 410].includes(response.status)) throw new OryUnavailableError()
  // The address of a flow does not say where it was to lead; of one that has expired, Ory does.
  const { return_to } = forBrowser(
    (response.data as { error?: { details?: { return_to?: string } } }).error?.details ?? {},
    app,
  )
  return redirect(newFlow(kind, { return_to, ...wishes }, cookie, app))
}

/** Where Elements in the browser reaches Ory. */
export async function browserOryUrl(): Promise<string> {
  return oryPublicUrl(appUrl((await headers()).get("host")))
}

/**
 * Where the browser goes to begin a flow. Settings end where they began, everything else at `return_to`. Someone without a
 * session owes the first factor first: asked for the second, Ory would only say that this cannot be.
 */
function newFlow(kind: Kind, wishes: Awaited<Query>, cookie: string, app: string): string {
  const url = new URL(`/self-service/${kind}/browser`, oryPublicUrl(app))
  const { refresh, aal, return_to } = wishes
  if (refresh === "true") url.searchParams.set("refresh", "true")
  if (aal === "aal2" && sessionCookies(cookie) !== "") url.searchParams.set("aal", "aal2")
  if (typeof return_to === "string" || kind !== "settings")
    url.searchParams.set("return_to", returnTo(typeof return_to === "string" ? return_to : undefined, app))
  return url.href
}

/** Asked for a second factor, someone who has none that Ory's settings allow gets a flow with nothing to fill in. */
function nothingToAsk(flow: LoginFlow): boolean {
  const nodes = (flow.ui.nodes as UiNode[] | null) ?? []
  return (
    flow.requested_aal === "aal2" &&
    nodes.every(({ attributes }) => "name" in attributes && attributes.name === "csrf_token")
  )
}

async function enrol(flow: LoginFlow, app: string): Promise<string> {
  // Who has enrolled one that was switched off since would be sent back here from every page, settings as well.
  if ((await readSession()).outcome === "aal2_required") {
    console.error(
      "Ory asks someone for a second factor of a kind that its settings have switched off: switch it on again, or remove it from their account.",
    )
    return `${app}/auth/error`
  }
  const settings = new URL("/account/settings", app)
  settings.searchParams.set("return_to", returnTo(flow.return_to, app))
  settings.hash = "second-factor"
  return settings.href
}

/**
 * The flow with two things mended: Ory's scripts (for passkeys) carry this page's nonce, since Ory's own is not in the
 * policy; and only one passkey node starts a request by itself: Kratos 1.3 marks two, and browsers refuse the second.
 */
function prepared(flow: { ui: UiContainer }, nonce: string | null): { ui: UiContainer } {
  const nodes = flow.ui.nodes.map((node): UiNode => {
    const { attributes } = node
    if (attributes.node_type === "script") return { ...node, attributes: { ...attributes, nonce: nonce ?? "" } }
    if (attributes.node_type === "input" && attributes.name === "passkey_login_trigger") {
      return { ...node, attributes: { ...attributes, onload: undefined, onloadTrigger: undefined } }
    }
    return node
  })
  return { ...flow, ui: { ...flow.ui, nodes } }
}
