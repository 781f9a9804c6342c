import { env } from "@/lib/env"
import { log } from "@/lib/log"

/** How long a page may wait for Ory's admin API to extend a session, in milliseconds. */
const EXTEND_TIMEOUT_MS = 1000

/** How long a form may wait for Ory's admin API, in milliseconds. */
const TIMEOUT_MS = 5000

/** Ory responds with 404 when another request is extending the session, or when it has ended. */
const PROCESSED = [200, 204, 404]

/**
 * Asks Ory's admin API to extend this session. A success status does not prove that Ory did, because Ory ignores a session with too
 * much time left: compare `expires_at` afterwards. https://www.ory.com/docs/reference/api#tag/identity/operation/extendSession
 *
 * @returns Why Ory did not process the request, for the log and without secrets. Undefined when it did. Never throws.
 */
export async function extendSession(id: string): Promise<string | undefined> {
  const answer = await request("PATCH", `/admin/sessions/${encodeURIComponent(id)}/extend`, EXTEND_TIMEOUT_MS)
  return isOneOf(PROCESSED, answer) ? undefined : problem(answer)
}

/**
 * Whether Ory's admin API knows this identity. Another server at ORY_ADMIN_URL, or the admin API of another Ory, does not. Logs why not.
 * Never throws.
 */
export async function canReachIdentity(id: string): Promise<boolean> {
  const answer = await request("GET", identityPath(id), TIMEOUT_MS)
  return (isOneOf([200], answer) && idIn(answer.body) === id) || failed(answer)
}

/**
 * Deletes this identity with its sessions and credentials. An identity that no longer exists counts as deleted.
 * https://www.ory.com/docs/reference/api#tag/identity/operation/deleteIdentity
 *
 * @returns Whether it is deleted. Logs why not. Never throws.
 */
export async function deleteIdentity(id: string): Promise<boolean> {
  const answer = await request("DELETE", identityPath(id), TIMEOUT_MS)
  if (isOneOf([204, 404], answer)) return true
  // Ory may have deleted it without a response in time.
  return isOneOf([404], await request("GET", identityPath(id), TIMEOUT_MS)) || failed(answer)
}

function identityPath(id: string): string {
  return `/admin/identities/${encodeURIComponent(id)}`
}

interface Answer {
  status: number
  body: string
}

function isOneOf(statuses: readonly number[], answer: Answer | string): answer is Answer {
  return typeof answer !== "string" && statuses.includes(answer.status)
}

/** The id of the identity in the body of a response. */
function idIn(body: string): unknown {
  try {
    return (JSON.parse(body) as { id?: unknown } | null)?.id
  } catch {
    return undefined
  }
}

function failed(answer: Answer | string): false {
  const reason = problem(answer)
  const message = `Ory's admin API at ${env.oryAdminUrl} did not delete an account: ${reason}`
  log("error", "account_deletion_failed", message, { ory_admin: env.oryAdminUrl, reason })
  return false
}

function problem(answer: Answer | string): string {
  return typeof answer === "string" ? answer : `status ${answer.status}`
}

/** Sends a request to the admin API. Returns the response, or an error message if Ory did not respond. */
async function request(method: string, path: string, timeout: number): Promise<Answer | string> {
  const headers = env.oryProjectToken === undefined ? undefined : { authorization: `Bearer ${env.oryProjectToken}` }
  try {
    // Not by `@ory/client`: its class for the admin API would add 2 kB to the gate.
    const response = await fetch(`${env.oryAdminUrl}${path}`, {
      method,
      headers,
      // Another origin must not get the token.
      redirect: "manual",
      cache: "no-store",
      signal: AbortSignal.timeout(timeout),
    })
    // Only a GET needs the body. A slow body must not make an extended session a failure.
    if (method === "GET") return { status: response.status, body: await response.text() }
    await response.body?.cancel()
    return { status: response.status, body: "" }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
