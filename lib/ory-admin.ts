import { env } from "@/lib/env"

/** How long a page may wait for Ory's admin API, in milliseconds. */
const TIMEOUT_MS = 1000

/** Ory responds with 404 when another request is extending the session, or when it has ended. */
const PROCESSED = [200, 204, 404]

/**
 * Asks Ory's admin API to extend this session. Whether Ory did shows only in the session: Ory also ignores a session that has too
 * much time left. https://www.ory.com/docs/reference/api#tag/identity/operation/extendSession
 *
 * @returns Why Ory did not process the request, for the log and without secrets. Undefined when it did. Never throws.
 */
export async function extendSession(id: string): Promise<string | undefined> {
  const headers = env.oryProjectToken === undefined ? undefined : { authorization: `Bearer ${env.oryProjectToken}` }
  try {
    // Not by `@ory/client`: its class for the admin API would add 2 kB to the gate.
    const response = await fetch(`${env.oryAdminUrl}/admin/sessions/${encodeURIComponent(id)}/extend`, {
      method: "PATCH",
      headers,
      // Another origin must not get the token.
      redirect: "manual",
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    await response.body?.cancel()
    return PROCESSED.includes(response.status) ? undefined : `status ${response.status}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
