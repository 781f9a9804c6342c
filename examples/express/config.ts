/** What the environment says, checked once, by `readConfig`. */
export interface Config {
  /** Port to listen on. */
  port: number
  /** This app's own origin, as browsers see it. */
  appUrl: string
  /** Origin of Ory, as browsers see it. */
  oryUrl: string
  /** The name of Ory's session cookie, if it was changed. Undefined: Kratos' and Ory Network's own names. */
  sessionCookie: string | undefined
}

const LOCAL_ORY = "http://localhost:4000"

/**
 * Reads `PORT`, `APP_URL`, `ORY_SDK_URL` and `ORY_SESSION_COOKIE`. Only in production must the two origins be set: elsewhere
 * they are this port on localhost, and local Ory.
 *
 * @throws Error that lists all problems at once: the variable, the value seen, and an example.
 */
export function readConfig(source: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = []
  const number = (name: string, standard: number, max: number): number => {
    const value = source[name] || String(standard)
    if (/^\d{1,5}$/.test(value) && Number(value) <= max) return Number(value)
    problems.push(`${name} is "${value}". Set it to a whole number from 0 to ${max}, for example ${standard}.`)
    return standard
  }
  const origin = (name: string, standard: string, example: string): string => {
    const value = source[name] || (source.NODE_ENV === "production" ? "" : standard)
    if (isOrigin(value)) return new URL(value).origin
    // Whatever stands before an @ may be a password.
    const seen = value === "" ? "not set" : `"${value.replace(/^.*@/s, "…@")}", which is not an origin`
    problems.push(`${name} is ${seen}. Set it to a scheme, a host and nothing behind it, for example ${example}.`)
    return value
  }

  const sessionCookie = source.ORY_SESSION_COOKIE || undefined
  // https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1
  if (sessionCookie !== undefined && !/^[\w!#$%&'*+.^`|~-]+$/.test(sessionCookie))
    problems.push(
      `ORY_SESSION_COOKIE is "${sessionCookie}", which is not the name of a cookie. Set it to Kratos' session.cookie.name, for example my_session.`,
    )

  const port = number("PORT", 3001, 65535)
  const config = {
    port,
    appUrl: origin("APP_URL", `http://localhost:${port}`, "https://api.example.com"),
    oryUrl: origin("ORY_SDK_URL", LOCAL_ORY, `${LOCAL_ORY} (local Ory, or the Ory tunnel) or https://auth.example.com`),
    sessionCookie,
  }
  if (problems.length > 0) throw new Error(["The environment is not right:", ...problems].join("\n  - "))
  return config
}

/** A path, a query or credentials would be lost without a word. */
function isOrigin(value: string): boolean {
  if (!/^https?:\/\//i.test(value) || !URL.canParse(value)) return false
  const { href, origin } = new URL(value)
  return href === `${origin}/`
}
