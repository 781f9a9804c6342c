/** What the environment says, checked once. Nothing else in the app reads `process.env` for its settings. */
export interface Env {
  /** Origin of Ory: Ory Network, the Ory tunnel, or local Ory. Never ends in a slash. */
  oryUrl: string
  /** Origins under which people reach this app. The first is the default. */
  appUrls: readonly [string, ...string[]]
  /** What handoffs and snapshots are sealed with: the first seals, all open. Empty: neither is used. */
  sessionSecrets: readonly string[]
  /** For how many seconds one answer from Ory may serve page views. 0 to 300; 0: no snapshots. */
  sessionCacheSeconds: number
}

type Source = Readonly<Record<string, string | undefined>>

/**
 * Reads and checks every variable.
 *
 * @throws Error that lists all problems at once: the variable, the value seen (never a secret's), and a cure.
 */
export function readEnv(source: Source): Env {
  const problems: string[] = []
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read()
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error))
      return undefined
    }
  }

  const oryUrl = attempt(() => {
    const example = "for example http://localhost:4000 (local Ory and the Ory tunnel) or https://auth.example.com"
    if (!source.ORY_SDK_URL) throw new Error(`ORY_SDK_URL is not set. Set it to the origin of Ory, ${example}.`)
    return origin("ORY_SDK_URL", source.ORY_SDK_URL, example)
  })
  const appUrls = attempt(() => readAppUrls(source))
  const sessionSecrets = attempt(() => readSecrets(source))
  const sessionCacheSeconds = attempt(() => {
    const value = source.SESSION_CACHE_SECONDS?.trim() || "30"
    if (!/^\d{1,3}$/.test(value) || Number(value) > 300)
      throw new Error(`SESSION_CACHE_SECONDS is "${value}". Set it to whole seconds from 0 (off) to 300, for example 30.`)
    return Number(value)
  })

  if (oryUrl === undefined || appUrls === undefined || sessionSecrets === undefined || sessionCacheSeconds === undefined)
    throw new Error(["The environment is not right:", ...problems.map((problem) => `  - ${problem}`)].join("\n"))
  return { oryUrl, appUrls, sessionSecrets, sessionCacheSeconds }
}

function readAppUrls(source: Source): readonly [string, ...string[]] {
  const example = "for example https://app.example.com, or several separated by commas"
  if (source.APP_URL) {
    const [first, ...rest] = source.APP_URL.split(",").map((value) => origin("APP_URL", value.trim(), example))
    if (first !== undefined) return [first, ...rest]
  }
  // https://vercel.com/docs/environment-variables/system-environment-variables: hosts without a scheme
  const production = source.VERCEL_PROJECT_PRODUCTION_URL
  const preview = [source.VERCEL_BRANCH_URL, source.VERCEL_URL]
  const hosts = source.VERCEL_ENV === "production" ? [production, ...preview] : [...preview, production]
  const [first, ...rest] = hosts.filter((host) => host !== undefined && host !== "").map((host) => `https://${host}`)
  if (first !== undefined) return [first, ...rest]

  const building = source.NEXT_PHASE === "phase-production-build"
  if (source.NODE_ENV === "production" && !building)
    throw new Error(`APP_URL is not set. In production, set it to the origin people see in their browser, ${example}.`)
  const port = source.PORT?.trim() || "3000"
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535)
    throw new Error(`PORT is "${port}". Set it to a port's number, for example 3000.`)
  return [new URL(`http://localhost:${port}`).origin]
}

function readSecrets(source: Source): readonly string[] {
  const secrets = (source.SESSION_SECRET ?? "").split(",").map((secret) => secret.trim()).filter((secret) => secret !== "")
  if (secrets.some((secret) => secret.length < 32))
    throw new Error(
      "SESSION_SECRET is shorter than 32 characters. Make one with: openssl rand -base64 32. Leave it empty to run without snapshots.",
    )
  return secrets
}

/** The origin that `value` is, and nothing more: a path, a query or credentials would be lost without a word. */
function origin(variable: string, value: string, example: string): string {
  // Whatever stands before an @ may be a password.
  const seen = value.replace(/^.*@/s, "…@")
  const refuse = (why: string): Error => new Error(`${variable} is "${seen}", ${why}. Set it to an origin, ${example}.`)
  if (!/^https?:\/\//i.test(value)) throw refuse("which does not begin with http:// or https://")
  if (!URL.canParse(value)) throw refuse("which is not a URL")
  const url = new URL(value)
  if (url.username !== "" || url.password !== "") throw refuse("which holds credentials")
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") throw refuse("which has a path, a query or a fragment")
  return url.origin
}

export const env = readEnv(process.env)

/**
 * This app's own origin for a request: the one in `APP_URL` that has the request's host, else the first.
 * Behind proxies a request's own URL and `X-Forwarded-*` lie, so nothing else may be used for links and cookies.
 */
export function appUrl(host: string | null): string {
  return env.appUrls.find((url) => new URL(url).host === host) ?? env.appUrls[0]
}
