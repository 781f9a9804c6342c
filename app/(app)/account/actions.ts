"use server"

import { currentRequest } from "@/lib/current-request"
import { pageTexts } from "@/lib/language"
import { errorId, ory, setCookies } from "@/lib/ory"
import { checkAction, deny, type Denied } from "@/lib/session"

/** The form's next state. `values` is the submitted text, so that an error never empties the form. */
export interface NameState {
  values: { first: string; last: string }
  saved?: boolean
  denied?: Denied
  error?: string
}

/**
 * Changes the user's name at Ory. The server action to copy: check, call, return.
 * Once an address is verified, Ory only changes a profile soon after a sign-in (`privileged_session_max_age`), so this requires
 * a recent one. Most actions only need `checkAction()`.
 */
export async function saveName(_: NameState, form: FormData): Promise<NameState> {
  const values = { first: text(form, "first"), last: text(form, "last") }
  const { session, denied } = await checkAction({ maxAgeSeconds: 600 })
  if (denied) return { values, denied }

  const { traits } = session.identity
  const result = await saveTraits({ ...traits, name: { ...traits.name, first: values.first, last: values.last } })
  switch (result) {
    case "saved":
      return { values, saved: true }
    case "refresh_required":
      return { values, denied: await deny("refresh_required") }
    case "refused":
      return { values, error: (await pageTexts()).account.notSaved }
    case "unreachable":
      return { values, error: (await pageTexts()).account.unreachable }
  }
}

/**
 * Ory changes traits in a settings flow. This creates and submits one with the user's own cookies.
 * https://www.ory.com/docs/kratos/self-service/flows/user-settings
 */
async function saveTraits(traits: object): Promise<"saved" | "refresh_required" | "refused" | "unreachable"> {
  const { flowCookies } = await currentRequest()
  try {
    const flow = await ory.createBrowserSettingsFlow({ cookie: flowCookies })
    if (flow.status !== 200) return "refused"
    const csrf = flow.data.ui.nodes.find(({ attributes }) => "name" in attributes && attributes.name === "csrf_token")
    const saved = await ory.updateSettingsFlow({
      flow: flow.data.id,
      cookie: [...setCookies(flow.headers).map((value) => value.split(";", 1)[0]), flowCookies].join("; "),
      updateSettingsFlowBody: {
        method: "profile",
        csrf_token: csrf && "value" in csrf.attributes ? String(csrf.attributes.value) : "",
        traits,
      },
    })
    if (errorId(saved.data) === "session_refresh_required") return "refresh_required"
    return saved.status === 200 ? "saved" : "refused"
  } catch {
    return "unreachable"
  }
}

/** A client may call an action with any arguments. */
function text(form: unknown, name: string): string {
  const value = form instanceof FormData ? form.get(name) : undefined
  return typeof value === "string" ? value.trim() : ""
}
