/** The settings of this app, as `readConfig` reads them from the environment. */
export interface Config {
  /** Port to listen on. */
  port: number
  /** Origin of this app, as browsers see it. */
  appUrl: string
  /** Origin of Ory, as browsers see it. */
  oryUrl: string
  /** Origin of the web app. Its pages may call this API, and it has the keys of tokens. */
  webUrl: string
  /** Name of Ory's session cookie, if it was changed in Kratos. */
  sessionCookie: string | undefined
  /** How to keep active users signed in. Undefined: every session ends after its lifespan. */
  sliding: Sliding | undefined
}

export interface Sliding {
  /** Origin of Ory's admin API. */
  adminUrl: string
  /** A project API token, which Ory Network requires. */
  token: string | undefined
  /** A session with less than this left is extended, in milliseconds. */
  extendBelow: number
  /** A session that is older than this is not extended, in milliseconds. */
  maxAge: number
}

/**
 * Reads the environment: see README.md. The three origins are required in production. Elsewhere they default to localhost.
 *
 * @throws Error that lists all problems at once. Each names the variable, the value and an example.
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = []

  let port = Number(env.PORT || 3001)
  if (!/^\d{1,5}$/.test(env.PORT || "3001") || port > 65535) {
    problems.push(`PORT is "${env.PORT ?? ""}". Set it to a whole number from 0 to 65535, for example 3001.`)
    port = 3001
  }

  const sessionCookie = env.ORY_SESSION_COOKIE || undefined
  // https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1
  if (sessionCookie !== undefined && !/^[\w!#$%&'*+.^`|~-]+$/.test(sessionCookie))
    problems.push(
      `ORY_SESSION_COOKIE is "${sessionCookie}", which is not a valid cookie name. Set it to Kratos' session.cookie.name, for example my_session.`,
    )

  const origin = (name: string, local: string, example: string): string => {
    const value = env[name] || (env.NODE_ENV === "production" ? "" : local)
    if (isOrigin(value)) return new URL(value).origin
    // The text before an @ may be a password.
    const seen = value === "" ? "not set" : `"${value.replace(/^.*@/s, "…@")}", which is not an origin`
    problems.push(`${name} is ${seen}. Set it to a scheme and a host, without a path, for example ${example}.`)
    return value
  }
  const appUrl = origin("APP_URL", `http://localhost:${port}`, "https://api.example.com")
  const oryUrl = origin("ORY_SDK_URL", "http://localhost:4000", "http://localhost:4000 or https://auth.example.com")
  const webUrl = origin("WEB_URL", "http://localhost:3000", "https://app.example.com")

  const duration = (name: string, standard: string): number => {
    const value = env[name] || standard
    const [, hours = 0, minutes = 0, seconds = 0] = /^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/.exec(value) ?? []
    const total = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
    if (total === 0) problems.push(`${name} is "${value}". Set it to a duration above zero, for example ${standard}.`)
    return total * 1000
  }
  const sliding = env.ORY_ADMIN_URL
    ? {
        adminUrl: origin("ORY_ADMIN_URL", "", "http://127.0.0.1:4434"),
        token: env.ORY_PROJECT_API_TOKEN || undefined,
        extendBelow: duration("SESSION_EXTEND_BELOW", "24h"),
        maxAge: duration("SESSION_MAX_AGE", "2160h"),
      }
    : undefined

  if (problems.length > 0) throw new Error(["The environment is invalid:", ...problems].join("\n  - "))
  return { port, appUrl, oryUrl, webUrl, sessionCookie, sliding }
}

/** Rejects a path, a query and credentials, because this app would ignore them. */
function isOrigin(value: string): boolean {
  if (!/^https?:\/\//i.test(value) || !URL.canParse(value)) return false
  const { href, origin } = new URL(value)
  return href === `${origin}/`
}
