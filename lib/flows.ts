import "server-only"
import type { LoginFlow, UiContainer, UiNode } from "@ory/client"
import { redirect } from "next/navigation"
import type { Flows } from "@/elements/elements"
import { currentRequest } from "@/lib/current-request"
import { oryPublicUrl } from "@/lib/env"
import { log } from "@/lib/log"
import { errorId, ory } from "@/lib/ory"
import { forBrowser } from "@/lib/ory-proxy"
import { logMissingCookies } from "@/lib/redirect-loop"
import { newFlowUrl, returnTo, type FlowQuery } from "@/lib/return-to"
import { paths, type FlowKind } from "@/lib/routes"
import { OryUnavailableError, readSession } from "@/lib/session"

/** The `searchParams` that Next passes to a page. */
export type Query = Promise<Record<string, string | string[] | undefined>>

const get: Record<
  FlowKind,
  (flow: { id: string; cookie: string }) => Promise<{ status: number; data: { type: string; ui: UiContainer } }>
> = {
  login: (flow) => ory.getLoginFlow(flow),
  registration: (flow) => ory.getRegistrationFlow(flow),
  recovery: (flow) => ory.getRecoveryFlow(flow),
  verification: (flow) => ory.getVerificationFlow(flow),
  settings: (flow) => ory.getSettingsFlow(flow),
}

/**
 * The flow in the page's query, for Ory Elements. Without a usable flow, the browser is redirected to Ory, which creates one and
 * returns to this page. A flow is unusable when it has expired, belongs to another browser, or is not for browsers.
 *
 * @returns The flow. Null when the browser keeps none of Ory's cookies: a new flow would end in the same way.
 * @throws OryUnavailableError while Ory is unreachable.
 */
export async function requireFlow<K extends FlowKind>(kind: K, query: Query): Promise<Flows[K] | null> {
  const request = await currentRequest()
  const { appUrl, flowCookies: cookie } = request
  const { flow: id, ...options } = await query
  const newFlow = (from: FlowQuery): string => newFlowUrl(kind, oryPublicUrl(appUrl), from, request)
  if (typeof id !== "string") return redirect(newFlow(options))

  const response = await get[kind]({ id, cookie }).catch(() => {
    throw new OryUnavailableError()
  })
  // Anyone can create and prefill a flow of type `api`, because no cookie ties it to a browser.
  if (response.status === 200 && response.data.type !== "browser") return redirect(newFlow(options))
  if (response.status === 200) {
    const flow = forBrowser(response.data, appUrl)
    if (kind === "login" && hasNoSecondFactor(flow as LoginFlow)) redirect(await enrollUrl(flow as LoginFlow, appUrl))
    return withFixes(flow, request.nonce) as unknown as Flows[K]
  }
  if (errorId(response.data) === "security_csrf_violation" && !cookie.includes("csrf_token_")) {
    logMissingCookies("flow", request.headers.get("cookie"), appUrl)
    return null
  }
  if (![400, 403, 404, 410].includes(response.status)) throw new OryUnavailableError()
  // For an expired flow, Ory returns the page that it would have returned to.
  const { details } = (response.data as { error?: { details?: { return_to?: string } } }).error ?? {}
  return redirect(newFlow({ return_to: forBrowser(details?.return_to, appUrl), ...options }))
}

/** The address of the signed-in user, to fill in. Undefined for visitors, and while Ory is unreachable. */
export async function userEmail(): Promise<string | undefined> {
  // A snapshot may hold the address from before a change.
  const verdict = await readSession({ fresh: true })
  return verdict.outcome === "active" ? verdict.session.identity.traits.email : undefined
}

/** The flow with these values in its empty visible fields, by their name. */
export function withValues<Flow extends Flows[FlowKind]>(flow: Flow, values: Record<string, string | undefined>): Flow {
  const nodes = flow.ui.nodes.map((node): typeof node => {
    const { attributes } = node
    if (attributes.node_type !== "input" || ["hidden", "submit"].includes(attributes.type)) return node
    const value = values[attributes.name]
    const isEmpty = attributes.value === undefined || attributes.value === ""
    return isEmpty && value !== undefined ? { ...node, attributes: { ...attributes, value } } : node
  })
  return { ...flow, ui: { ...flow.ui, nodes } }
}

/** The flow with these fields hidden. They keep their values, because Ory replaces all traits at once. */
export function withHidden<Flow extends Flows[FlowKind]>(flow: Flow, names: readonly string[]): Flow {
  const nodes = flow.ui.nodes.map((node): typeof node => {
    const { attributes } = node
    if (attributes.node_type !== "input" || !names.includes(attributes.name)) return node
    return { ...node, attributes: { ...attributes, type: "hidden" } }
  })
  return { ...flow, ui: { ...flow.ui, nodes } }
}

/** The origin at which Elements in the browser calls Ory. */
export async function browserOryUrl(): Promise<string> {
  return oryPublicUrl((await currentRequest()).appUrl)
}

/** Whether the flow asks for a second factor that the user doesn't have. Ory then returns a form without fields. */
function hasNoSecondFactor({ requested_aal, ui }: LoginFlow): boolean {
  const nodes = (ui.nodes as UiNode[] | null) ?? []
  return (
    requested_aal === "aal2" &&
    nodes.every(({ attributes }) => "name" in attributes && attributes.name === "csrf_token")
  )
}

/** The settings page, where the user enrolls a second factor and then returns. */
async function enrollUrl(flow: LoginFlow, appUrl: string): Promise<string> {
  // The user has one that Ory's settings have disabled since. The settings page would send them back here, so end the loop.
  if ((await readSession()).outcome === "aal2_required") {
    log(
      "error",
      "second_factor_disabled",
      "A user's second factor is of a kind that is disabled in Ory's settings. Enable it again, or remove it from their account.",
    )
    return appUrl + paths.error
  }
  const settings = new URL(paths.settings, appUrl)
  settings.searchParams.set("return_to", returnTo(flow.return_to, appUrl))
  return settings.href
}

/**
 * The flow with two fixes. Ory's scripts for passkeys get this page's nonce, because the policy does not allow Ory's nonce. Only
 * one passkey node starts a request by itself, because Kratos 1.3 marks two and browsers refuse the second request.
 */
function withFixes(flow: { ui: UiContainer }, nonce: string | null): { ui: UiContainer } {
  const nodes = flow.ui.nodes.map((node): UiNode => {
    const { attributes } = node
    if (attributes.node_type === "script") return { ...node, attributes: { ...attributes, nonce: nonce ?? "" } }
    if (attributes.node_type === "input" && attributes.name === "passkey_login_trigger")
      return { ...node, attributes: { ...attributes, onload: undefined, onloadTrigger: undefined } }
    return node
  })
  return { ...flow, ui: { ...flow.ui, nodes } }
}
