"use client"

import { useOryFlow, type OryClientConfiguration } from "@ory/elements-react"
import { useEffect, useSyncExternalStore, type ReactNode } from "react"
import { useOwnTexts } from "./own-texts"
import { forgetPasskeyProblem } from "./passkeys"

/** Says that a form was not processed. Elements 1.2.1 only writes it to the console, and the form looks as if nothing happened. */

/** The responses that Elements shows or follows. */
const HANDLED = [400, 401, 403, 404, 410, 422]

/** How Ory's errors begin after another tab has signed in or out. Some responses contain an error's id, others only its text. */
const OUTDATED =
  /^(session_already_available|session_aal1_required|A valid session was detected|You can not requested a higher AAL)/

let problem: "failed" | "outdated" | undefined
const listeners = new Set<() => void>()

function report(found: typeof problem): void {
  problem = found
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

interface OryResponse {
  error?: { id?: string }
  ui?: { messages?: { text: string }[] }
}

async function observe(response: Response): Promise<void> {
  const { ok, status } = response
  if (ok) return
  const body = (await response
    .clone()
    .json()
    .catch(() => undefined)) as OryResponse | undefined
  const found = [body?.error?.id, ...(body?.ui?.messages ?? []).map(({ text }) => text)]
  // With status 400, Elements expects a form.
  const isHandled = HANDLED.includes(status) && !(status === 400 && body?.error !== undefined)
  if (found.some((text) => text !== undefined && OUTDATED.test(text))) report("outdated")
  else if (!isHandled) report("failed")
}

function failed(): Promise<void> {
  report("failed")
  return Promise.resolve()
}

function started(): Promise<void> {
  report(undefined)
  forgetPasskeyProblem()
  return Promise.resolve()
}

/** Options of Elements' client for Ory: they observe the response to each form. */
export const observedRequests: NonNullable<OryClientConfiguration["sdk"]>["options"] = {
  middleware: [{ pre: started, post: ({ response }: { response: Response }) => observe(response), onError: failed }],
}

function useProblem(): typeof problem {
  return useSyncExternalStore(
    subscribe,
    () => problem,
    () => undefined,
  )
}

/** Whether the last form was not processed. */
export function useHasFailed(): boolean {
  return useProblem() === "failed"
}

/** Says that the last form was not processed. Screen readers announce it. If another tab has signed in or out, loads the page again. */
export function FailedRequest({ isShown = true }: { isShown?: boolean }): ReactNode {
  const { texts, language } = useOwnTexts()
  const problem = useProblem()
  const { return_to } = useOryFlow().flow
  useEffect(() => {
    if (problem !== "outdated") return
    // Without a flow: the page gets a new one, or Ory redirects a signed-in user.
    const query = return_to === undefined ? "" : `?return_to=${encodeURIComponent(return_to)}`
    window.location.assign(window.location.pathname + query)
  }, [problem, return_to])
  useEffect(
    () => () => {
      report(undefined)
    },
    [],
  )
  return (
    <div role="alert" {...language} className="text-interface-foreground-validation-danger empty:hidden">
      {isShown && problem === "failed" && texts.notProcessed}
    </div>
  )
}
