"use client"

import { useOryFlow } from "@ory/elements-react"
import { useEffect, useSyncExternalStore, type ReactNode } from "react"
import { useOwnTexts } from "./own-texts"

/** Says why a passkey could not be used. Ory's script for passkeys writes it to the console only. */

/** The name of the browser's last error. https://www.w3.org/TR/webauthn-3/#sctn-discover-from-external-source */
let failed: string | undefined
const listeners = new Set<() => void>()

function fail(name: string | undefined): void {
  failed = name
  for (const listener of listeners) listener()
}

/** For the next attempt, and for the next form. */
export function forgetPasskeyProblem(): void {
  fail(undefined)
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function problem(): string | undefined {
  if (!window.isSecureContext) return "Insecure"
  return "PublicKeyCredential" in window ? failed : "Unsupported"
}

/** Whether this browser cannot use passkeys on this page, whatever the user does. */
export function usePasskeysUnsupported(): boolean {
  const name = useSyncExternalStore(subscribe, problem, () => undefined)
  return name === "Insecure" || name === "Unsupported"
}

/** Why passkeys do not work, on a form that offers them. Screen readers announce it. */
export function PasskeyProblem(): ReactNode {
  const { texts, language } = useOwnTexts()
  const problems: Partial<Record<string, string>> = texts.passkeyProblems
  const { flow } = useOryFlow()
  const name = useSyncExternalStore(subscribe, problem, () => undefined)
  useEffect(() => forgetPasskeyProblem, [])
  const isOffered = flow.ui.nodes.some(({ group }) => group === "passkey" || group === "webauthn")
  return (
    <div role="alert" className="empty:hidden">
      {isOffered && name !== undefined && (
        <p {...language} className="text-interface-foreground-validation-danger">
          {problems[name] ?? problems.NotAllowedError}
        </p>
      )}
    </div>
  )
}

/** Observes the browser's requests for passkeys, but not the one that fills in a field, because users do not start it. */
function observe(method: "get" | "create"): void {
  const { credentials } = navigator
  const request = credentials[method].bind(credentials)
  credentials[method] = async (options?: CredentialRequestOptions & CredentialCreationOptions) => {
    if (options?.mediation === "conditional") return request(options)
    fail(undefined)
    try {
      return await request(options)
    } catch (error) {
      fail(error instanceof DOMException ? error.name : "NotAllowedError")
      throw error
    }
  }
}

/**
 * Elements waits for the event `oryWebAuthnInitialized`, which Ory's script for passkeys fires since Kratos 25.4. Kratos 1.3
 * only sets a marker of nearly that name, so setting the marker fires the event here. With a newer Kratos, Elements gets the
 * event twice, which changes nothing. Delete this function with the fallback to Kratos 1.3.
 */
function announceScript(): void {
  const MARKER = "__oryWebAuthnInitialized"
  if (MARKER in window) return
  let initialized: unknown
  Object.defineProperty(window, MARKER, {
    configurable: true,
    get: () => initialized,
    set: (value: unknown) => {
      initialized = value
      // The script sets the marker before it defines its functions.
      queueMicrotask(() => window.dispatchEvent(new CustomEvent("oryWebAuthnInitialized")))
    },
  })
}

if (typeof window !== "undefined") {
  announceScript()
  // Browsers hide it on pages without https.
  if ("credentials" in navigator) {
    observe("get")
    observe("create")
  }
}
