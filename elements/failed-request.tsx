"use client"

import type { OryClientConfiguration } from "@ory/elements-react"
import { useEffect, useSyncExternalStore, type ReactNode } from "react"
import { LINK } from "./address"

/** Says that a form was not processed. Elements 1.2.1 only writes it to the console, and the form looks as if nothing happened. */

type Failure = "signed out" | "failed"

/** The responses that Elements shows or follows. */
const HANDLED = [400, 403, 404, 410, 422]

let failure: Failure | undefined
const listeners = new Set<() => void>()

function report(next: Failure | undefined): void {
  failure = next
  for (const listener of listeners) listener()
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function observe(response: Response): Promise<void> {
  const { ok, status } = response
  if (!ok && !HANDLED.includes(status)) report(status === 401 ? "signed out" : "failed")
  return Promise.resolve()
}

function failed(): Promise<void> {
  report("failed")
  return Promise.resolve()
}

function started(): Promise<void> {
  report(undefined)
  return Promise.resolve()
}

/** Options of Elements' client for Ory: they observe the response to each form. */
export const observedRequests: NonNullable<OryClientConfiguration["sdk"]>["options"] = {
  middleware: [{ pre: started, post: ({ response }: { response: Response }) => observe(response), onError: failed }],
}

/** Whether the last form was not processed. */
export function useFailedRequest(): Failure | undefined {
  return useSyncExternalStore(
    subscribe,
    () => failure,
    () => undefined,
  )
}

/** Why the last form was not processed. Screen readers announce it. */
export function FailedRequest({ isShown = true }: { isShown?: boolean }): ReactNode {
  const shown = useFailedRequest()
  useEffect(
    () => () => {
      report(undefined)
    },
    [],
  )
  return (
    <div role="alert" lang="en" dir="ltr" className="text-interface-foreground-validation-danger empty:hidden">
      {isShown && shown === "failed" && "We could not process this. Check your connection, and try again in a moment."}
      {isShown && shown === "signed out" && (
        <>
          You are signed out.{" "}
          <a href="" className={LINK}>
            Sign in
          </a>
          , and then try again.
        </>
      )}
    </div>
  )
}
