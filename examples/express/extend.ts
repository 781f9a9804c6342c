import { Configuration, IdentityApi } from "@ory/client"
import type { Logger } from "pino"
import type { Config } from "./config.ts"
import type { Verdict, Whoami } from "./session.ts"

/** How long a request may wait for the admin API, in milliseconds. */
const TIMEOUT = 1000

/** How long the app leaves a session alone after an attempt that did not extend it, in milliseconds. */
const WAIT = 10 * 60_000

/** How long the app does not call the admin API after it failed, in milliseconds. */
const PAUSE = 60_000

/**
 * Creates the function that keeps active users signed in. It extends a session that ends soon, and asks Ory for it again, so that
 * this response carries Ory's new cookie. When the admin API fails, the session stays as it is.
 * https://www.ory.com/docs/kratos/session-management/refresh-extend-sessions
 */
export function createExtend(
  { sliding }: Config,
  whoami: Whoami,
  log: Logger,
): (cookie: string, verdict: Verdict) => Promise<Verdict> {
  if (sliding === undefined) return (_cookie, verdict) => Promise.resolve(verdict)
  const { adminUrl, token, extendBelow, maxAge } = sliding
  const admin = new IdentityApi(
    new Configuration({
      basePath: adminUrl,
      accessToken: token,
      // Another server must not get the token.
      baseOptions: {
        adapter: "fetch",
        timeout: TIMEOUT,
        fetchOptions: { redirect: "manual" },
        validateStatus: () => true,
      },
    }),
  )
  const retryAt = new Map<string, number>()
  let pausedUntil = 0

  return async (cookie, verdict) => {
    if (!("session" in verdict)) return verdict
    const { id, expires_at, issued_at = "" } = verdict.session
    const now = Date.now()
    const isDue = Date.parse(expires_at) - now <= extendBelow && now < Date.parse(issued_at) + maxAge
    if (!isDue || now < Math.max(pausedUntil, retryAt.get(id) ?? 0)) return verdict

    if (retryAt.size >= 1000) retryAt.clear()
    // Set before the call, so that concurrent requests do not extend the session too.
    retryAt.set(id, now + WAIT)
    // An error holds the request with the token, so only its message is logged.
    const problem = await admin.extendSession({ id }).then(
      // Ory responds with 404 when another request is extending the session.
      ({ status }) => ([200, 204, 404].includes(status) ? undefined : `status ${status}`),
      (error: unknown) => (error instanceof Error ? error.message : "unknown"),
    )
    if (problem !== undefined) {
      if (Date.now() >= pausedUntil) log.error({ adminUrl, reason: problem }, "sessions are not extended for a minute")
      pausedUntil = Date.now() + PAUSE
      retryAt.delete(id)
      return verdict
    }
    const extended = await whoami(cookie, { fresh: true })
    if ("denied" in extended && extended.denied === "unavailable") return verdict
    if ("session" in extended && Date.parse(extended.session.expires_at) > Date.parse(expires_at)) retryAt.delete(id)
    return extended
  }
}
