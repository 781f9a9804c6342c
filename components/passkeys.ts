/**
 * Elements waits for the event `oryWebAuthnInitialized`, which newer versions of Ory's script for passkeys fire. Kratos
 * 1.3 only sets a marker of nearly that name: setting it fires the event here. Delete this with Kratos 1.3.
 */
const MARKER = "__oryWebAuthnInitialized"

if (typeof window !== "undefined" && !(MARKER in window)) {
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
