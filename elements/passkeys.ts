/**
 * Elements waits for the event `oryWebAuthnInitialized`, which Ory's script for passkeys fires since Kratos 25.4. Kratos 1.3
 * only sets a marker of nearly that name, so setting the marker fires the event here. With a newer Kratos, Elements gets the
 * event twice, which changes nothing. Delete this file with the fallback to Kratos 1.3.
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
