/** The settings of this app, as `readConfig` reads them from the environment. */
export interface Config {
  /** Port to listen on. */
  port: number
  /** Origin of this app, as browsers see it. */
  appUrl: string
  /** Origin of Ory, as browsers see it. */
  oryUrl: string
  /** Name of Ory's session cookie, if it was changed in Kratos. */
  sessionCookie: string | undefined
}

/**
 * Reads `PORT`, `APP_URL`, `ORY_SDK_URL` and `ORY_SESSION_COOKIE`. The two origins are required in production. Elsewhere they
 * default to localhost.
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

  if (problems.length > 0) throw new Error(["The environment is invalid:", ...problems].join("\n  - "))
  return { port, appUrl, oryUrl, sessionCookie }
}

/** Rejects a path, a query and credentials, because this app would ignore them. */
function isOrigin(value: string): boolean {
  if (!/^https?:\/\//i.test(value) || !URL.canParse(value)) return false
  const { href, origin } = new URL(value)
  return href === `${origin}/`
}
