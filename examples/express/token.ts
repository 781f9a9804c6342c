/** Bearer tokens: JWTs that Ory makes of a session. They are verified here, without a call to Ory. */

import type { Request, RequestHandler } from "express"
import { createRemoteJWKSet, customFetch, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from "jose"
import type { Logger } from "pino"
import type { Config } from "./config.ts"

/** Another algorithm, such as `none` or HS256 with the public key as its secret, would let anyone sign. */
const ALGORITHMS = ["ES256"]

/** `aud` of the tokens for this API. */
const AUDIENCE = "api"

/** How much the clocks of Ory and this server may differ, in seconds. Expired tokens stay valid for that long. */
const CLOCK_TOLERANCE = 10

/** How long the web app may take to send its keys, in milliseconds. */
const TIMEOUT = 3000

/** How long no keys are fetched after a fetch, in milliseconds. Tokens with an unknown key id could cause a flood of requests. */
const COOLDOWN = 10_000

/** How often the keys are fetched again, in milliseconds. A removed key stays valid for that long. */
const REFRESH = 5 * 60_000

/** What a token says about its user and session. The values are as old as the token. */
export interface Claims {
  /** Id of the identity. */
  sub: string
  /** Id of the session. */
  sid: string
  email?: string
  email_verified: boolean
  aal: string
  role?: string
}

/** Why a token is refused. `unavailable`: its key is not known, and the keys could not be fetched. */
type Refusal = "token_expired" | "token_invalid" | "unavailable"

/** Clients may rely on each code. */
const API_ERRORS: Record<Refusal, { status: number; message: string }> = {
  token_expired: { status: 401, message: "The token has expired. Get a new one." },
  token_invalid: { status: 401, message: "The token is not valid for this API." },
  unavailable: { status: 503, message: "The token could not be checked. Try again." },
}

declare module "express-serve-static-core" {
  interface Request {
    /** Set by `requireToken`. Read it with `claimsOf`. */
    claims?: Claims
  }
}

/** Returns the claims of a request that passed `requireToken`. Throws on a route that `requireToken` does not protect. */
export function claimsOf(request: Request): Claims {
  if (request.claims === undefined) throw new Error(`${request.path} is not protected. Add requireToken to the route.`)
  return request.claims
}

/**
 * Creates the middleware that sets `request.claims`, or refuses the request with 401, or with 503 while the keys are unavailable.
 *
 * It needs no check of `Origin`: a browser sends cookies by itself, but never this header, so another site cannot use a user's token.
 */
export function createRequireToken(config: Config, log: Logger): RequestHandler {
  const verify = createVerify(config, log)

  return async (request, response, next) => {
    response.set("cache-control", "private, no-store")
    const verdict = await verify(request.headersDistinct.authorization ?? [])
    if ("claims" in verdict) {
      request.claims = verdict.claims
      next()
      return
    }
    const { refusal, reason } = verdict
    log.info({ refusal, reason, method: request.method, path: request.path }, "refused")
    const { status, message } = API_ERRORS[refusal]
    if (status === 503) response.set("retry-after", String(COOLDOWN / 1000))
    // https://www.rfc-editor.org/rfc/rfc6750#section-3
    else response.set("www-authenticate", 'Bearer error="invalid_token"')
    response.status(status).json({ error: { code: refusal, message } })
  }
}

type Verdict = { claims: Claims } | { refusal: Refusal; reason: string }

/** Verifies the values of the Authorization headers. `reason` is for the log and contains no part of the token. */
function createVerify(config: Config, log: Logger): (headers: readonly string[]) => Promise<Verdict> {
  const key = createKeys(config, log)
  const options = {
    algorithms: ALGORITHMS,
    audience: AUDIENCE,
    // Kratos writes its base URL with a slash at the end.
    issuer: [config.oryUrl, `${config.oryUrl}/`],
    clockTolerance: CLOCK_TOLERANCE,
    requiredClaims: ["exp"],
  }

  return async (headers) => {
    const [header = ""] = headers
    const [, token] = /^Bearer +([\w.-]+)$/i.exec(header) ?? []
    // Two servers could read two headers differently.
    if (token === undefined || headers.length > 1) return { refusal: "token_invalid", reason: "not one Bearer token" }
    try {
      const { payload } = await jwtVerify(token, key, options)
      return isComplete(payload) ? { claims: payload } : { refusal: "token_invalid", reason: "claims are missing" }
    } catch (error) {
      if (error instanceof KeysUnavailable) return { refusal: "unavailable", reason: error.message }
      if (error instanceof errors.JWTExpired) return { refusal: "token_expired", reason: error.code }
      return { refusal: "token_invalid", reason: error instanceof errors.JOSEError ? error.code : "unknown" }
    }
  }
}

function isComplete(payload: JWTPayload): payload is JWTPayload & Claims {
  const { sub, sid, email, email_verified, aal, role } = payload
  const isText = (value: unknown): boolean => typeof value === "string" && value !== ""
  const isTextOrMissing = (value: unknown): boolean => value === undefined || isText(value)
  return [sub, sid, aal].every(isText) && [email, role].every(isTextOrMissing) && typeof email_verified === "boolean"
}

class KeysUnavailable extends Error {}

/**
 * Finds the key of a token. The keys are fetched for the first token, then every five minutes, and for an unknown key id, so that new
 * keys are known at once. While the web app cannot be reached, the last keys stay in use.
 */
function createKeys({ webUrl }: Config, log: Logger): JWTVerifyGetKey {
  const url = new URL("/.well-known/jwks.json", webUrl)
  let failedAt = -Infinity

  const keys = createRemoteJWKSet(url, {
    timeoutDuration: TIMEOUT,
    cooldownDuration: COOLDOWN,
    // jose would make requests wait for this, and refuse them while the web app is down.
    cacheMaxAge: Infinity,
    // jose has no cooldown after a failure.
    [customFetch]: async (href, init) => {
      if (Date.now() - failedAt < COOLDOWN) throw new Error("The last attempt to fetch the keys failed.")
      return fetch(href, init)
    },
  })
  const failure = (error: unknown): KeysUnavailable => {
    const reason = error instanceof Error ? error.message : "unknown"
    if (Date.now() - failedAt >= COOLDOWN) {
      failedAt = Date.now()
      log.error({ url: url.href, reason }, "the keys could not be fetched")
    }
    return new KeysUnavailable(reason)
  }
  setInterval(() => {
    if (keys.jwks() !== undefined) keys.reload().catch(failure)
  }, REFRESH).unref()

  return async (header, token) => {
    if (header.kid === undefined) throw new errors.JWKSNoMatchingKey()
    return keys(header, token).catch((error: unknown) => {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error
      throw failure(error)
    })
  }
}
