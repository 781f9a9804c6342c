"use server"

import { headers } from "next/headers"
import { errorId, flowCookies, ory, setCookies } from "@/lib/ory"
import { checkAction, deny, type Denied } from "@/lib/session"

/** The form's next state. `values` is the submitted text, so that an error never empties the form. */
export interface NameState {
  values: { first: string; last: string }
  saved?: boolean
  denied?: Denied
  error?: string
}

/**
 * Changes the user's name at Ory. The server action to copy: check first, return a value, keep the submitted text.
 * Once an address is verified, Ory changes a profile only soon after a sign-in (`privileged_session_max_age`), so this
 * requires a recent one. Most actions only need `checkAction()`.
 */
export async function saveName(_: NameState, form: FormData): Promise<NameState> {
  const values = { first: text(form, "first"), last: text(form, "last") }
  const checked = await checkAction({ maxAgeSeconds: 600 })
  if ("denied" in checked) return { values, denied: checked.denied }

  // Ory applies changes in a settings flow. The server creates and submits it with the user's own cookies.
  // https://www.ory.com/docs/kratos/self-service/flows/user-settings
  const cookie = flowCookies((await headers()).get("cookie"))
  try {
    const begun = await ory.createBrowserSettingsFlow({ cookie })
    if (begun.status !== 200) return { values, error: "Your name was not changed. Try again." }
    const csrf = begun.data.ui.nodes.find(({ attributes }) => "name" in attributes && attributes.name === "csrf_token")
    const saved = await ory.updateSettingsFlow({
      flow: begun.data.id,
      cookie: [...setCookies(begun.headers).map((value) => value.split(";", 1)[0]), cookie].join("; "),
      updateSettingsFlowBody: {
        method: "profile",
        csrf_token: csrf && "value" in csrf.attributes ? String(csrf.attributes.value) : "",
        traits: { ...checked.session.identity.traits, name: { ...checked.session.identity.traits.name, ...values } },
      },
    })
    if (errorId(saved.data) === "session_refresh_required") return { values, denied: await deny("refresh_required") }
    return saved.status === 200 ? { values, saved: true } : { values, error: "Your name was not changed. Try again." }
  } catch {
    return { values, error: "Your name was not changed, because we couldn't reach our servers. Try again." }
  }
}

/** A client may call an action with any arguments. */
function text(form: unknown, name: string): string {
  const value = form instanceof FormData ? form.get(name) : undefined
  return typeof value === "string" ? value.trim() : ""
}
