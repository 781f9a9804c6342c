"use client"

import type { OryClientConfiguration } from "@ory/elements-react"
import { useEffect, useSyncExternalStore, type ReactNode } from "react"
import { useOwnTexts } from "./own-texts"

/** Says that a form was not processed. Elements 1.2.1 only writes it to the console, and the form looks as if nothing happened. */

/** The responses that Elements shows or follows. */
const HANDLED = [400, 401, 403, 404, 410, 422]

let hasFailed = false
const listeners = new Set<() => void>()

function report(failed: boolean): void {
  hasFailed = failed
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function observe(response: Response): Promise<void> {
  const { ok, status } = response
  report(!ok && !HANDLED.includes(status))
  return Promise.resolve()
}

function failed(): Promise<void> {
  report(true)
  return Promise.resolve()
}

function started(): Promise<void> {
  report(false)
  return Promise.resolve()
}

/** Options of Elements' client for Ory: they observe the response to each form. */
export const observedRequests: NonNullable<OryClientConfiguration["sdk"]>["options"] = {
  middleware: [{ pre: started, post: ({ response }: { response: Response }) => observe(response), onError: failed }],
}

/** Whether the last form was not processed. */
export function useHasFailed(): boolean {
  return useSyncExternalStore(
    subscribe,
    () => hasFailed,
    () => false,
  )
}

/** Says that the last form was not processed. Screen readers announce it. */
export function FailedRequest({ isShown = true }: { isShown?: boolean }): ReactNode {
  const { texts, language } = useOwnTexts()
  const hasFailed = useHasFailed()
  useEffect(
    () => () => {
      report(false)
    },
    [],
  )
  return (
    <div role="alert" {...language} className="text-interface-foreground-validation-danger empty:hidden">
      {isShown && hasFailed && texts.notProcessed}
    </div>
  )
}
