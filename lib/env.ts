/** What the environment says, checked once. Nothing else in the app reads `process.env` for its settings. */
export interface Env {
  /** Origin of Ory: Ory Network, the Ory tunnel, or local Ory. Never ends in a slash. The server asks here in any topology. */
  oryUrl: string
  /** Where the browser reaches Ory: at `oryUrl`, or through this app (`lib/ory-proxy.ts`). */
  topology: "direct" | "same-origin"
  /** A project API token: with it Ory Network writes this app's origin into what it says of itself. Same-origin only. */
  oryProjectToken: string | undefined
  /** The name of Ory's session cookie, where it was changed (Kratos: `session.cookie.name`). Undefined: Kratos' and Ory Network's own names. */
  sessionCookie: string | undefined
  /** Origins under which people reach this app. The first is the default. */
  appUrls: readonly [string, ...string[]]
  /** What handoffs and snapshots are sealed with: the first seals, all open. Empty: neither is used. */
  sessionSecrets: readonly string[]
  /** For how many seconds one answer from Ory may serve page views. 0 to 300; 0: no snapshots. */
  sessionCacheSeconds: number
  /** Whether Vercel runs this, which says in a header of its own who the client is. */
  onVercel: boolean
  /** What will not work under some of `appUrls`, in words for the log. */
  warnings: readonly string[]
}

type Source = Readonly<Record<string, string | undefined>>

/**
 * Reads and checks every variable.
 *
 * @param serving Whether people are about to be answered: a build need not know where that will be.
 * @throws Error that lists all problems at once: the variable, the value seen (never a secret's), and a cure.
 */
export function readEnv(source: Source, serving = true): Env {
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
    const value = source.ORY_SDK_URL?.trim()
    if (!value) throw new Error(`ORY_SDK_URL is not set. Set it to the origin of Ory, ${example}.`)
    return origin("ORY_SDK_URL", value, example)
  })
  const appUrls = attempt(() => readAppUrls(source, serving))
  const topology = oryUrl === undefined ? undefined : attempt(() => readTopology(source, oryUrl))
  // A build that is not told where it will run has nothing to compare with Ory's address.
  const located = serving || source.NODE_ENV !== "production" || Boolean(source.APP_URL || source.VERCEL_URL)
  const warnings =
    oryUrl === undefined || appUrls === undefined || topology === undefined
      ? undefined
      : attempt(() => checkTopology(topology, oryUrl, located ? appUrls : []))
  const oryProjectToken = source.ORY_PROJECT_API_TOKEN?.trim() || undefined
  attempt(() => {
    if (oryProjectToken !== undefined && !/^[\x21-\x7e]+$/.test(oryProjectToken))
      throw new Error(
        "ORY_PROJECT_API_TOKEN has a character that no token has. Copy it again from the Ory Console, without quotes or spaces.",
      )
  })
  const sessionCookie = source.ORY_SESSION_COOKIE?.trim() || undefined
  attempt(() => {
    if (sessionCookie !== undefined) checkSessionCookie(sessionCookie)
  })
  const sessionSecrets = attempt(() => readSecrets(source))
  const sessionCacheSeconds = attempt(() => {
    const value = source.SESSION_CACHE_SECONDS?.trim() || "30"
    if (!/^\d{1,3}$/.test(value) || Number(value) > 300)
      throw new Error(
        `SESSION_CACHE_SECONDS is "${value}". Set it to whole seconds from 0 (off) to 300, for example 30.`,
      )
    return Number(value)
  })

  if (
    problems.length > 0 ||
    oryUrl === undefined ||
    topology === undefined ||
    appUrls === undefined ||
    warnings === undefined ||
    sessionSecrets === undefined ||
    sessionCacheSeconds === undefined
  )
    throw new Error(["The environment is not right:", ...problems.map((problem) => `  - ${problem}`)].join("\n"))
  const onVercel = source.VERCEL === "1"
  return {
    oryUrl,
    topology,
    oryProjectToken,
    sessionCookie,
    appUrls,
    sessionSecrets,
    sessionCacheSeconds,
    onVercel,
    warnings,
  }
}

/** Ory Network's own domain, under which no app can be: it can share no cookie with one. */
const ORY_NETWORK = ".projects.oryapis.com"

function readTopology(source: Source, oryUrl: string): Env["topology"] {
  const { hostname, protocol } = new URL(oryUrl)
  const value = source.ORY_PROXY?.trim() ?? ""
  if (value !== "" && value !== "on") throw new Error(`ORY_PROXY is "${value}". Set it to on, or leave it out.`)
  const network = hostname.endsWith(ORY_NETWORK)
  if (network && protocol === "http:")
    throw new Error(`ORY_SDK_URL is "${oryUrl}". Ory Network is on https: set it to https://${hostname}.`)
  return network || value === "on" ? "same-origin" : "direct"
}

/**
 * Makes sure that browsers send Ory's cookies to this app. They go by domain and scheme, not by port; domains that anyone
 * may register under (`co.uk`) are not looked up.
 *
 * @returns What is wrong with other origins than the first, which people may never use.
 * @throws Error when it cannot work under the first.
 */
function checkTopology(topology: Env["topology"], oryUrl: string, appUrls: readonly string[]): readonly string[] {
  const problems = appUrls.map((appUrl) => {
    const why = topology === "direct" ? keptApart(new URL(oryUrl), new URL(appUrl)) : undefined
    return appUrl === oryUrl
      ? `ORY_SDK_URL is ${oryUrl}, where this app itself is. Set it to the origin of Ory.`
      : why && `ORY_SDK_URL is ${oryUrl} and this app is at ${appUrl}: ${why}`
  })
  const [first, ...others] = problems
  if (first !== undefined) throw new Error(first)
  return others.filter((problem) => problem !== undefined)
}

/** Why browsers keep Ory's cookies from the app, and the cure. https://developer.mozilla.org/docs/Glossary/Site */
function keptApart(ory: URL, app: URL): string | undefined {
  const instead = "or set ORY_PROXY=on, and the browser reaches Ory through this app."
  if (ory.protocol !== app.protocol)
    return `to browsers http and https are two sites, so Ory's cookies do not go along. Put both on https, ${instead}`
  if (ory.hostname === app.hostname) return undefined
  const loopback = [ory, app].find(({ hostname }) => ["127.0.0.1", "[::1]"].includes(hostname))
  if (loopback && [ory, app].some(({ hostname }) => hostname === "localhost"))
    return `browsers share no cookies between the two. Write localhost instead of ${loopback.hostname}.`
  if (parentDomain(ory.hostname) !== parentDomain(app.hostname))
    return `they share no domain, so browsers share no cookies between them. Give Ory a domain beside the app's, such as auth.example.com beside app.example.com, ${instead}`
  return undefined
}

/** The last two labels: the shortest domain that two hosts may share cookies on. An address is all its own. */
function parentDomain(hostname: string): string {
  return /^\[|(^|\.)\d+$/.test(hostname) ? hostname : hostname.split(".").slice(-2).join(".")
}

function readAppUrls(source: Source, serving: boolean): readonly [string, ...string[]] {
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

  if (source.NODE_ENV === "production" && serving)
    throw new Error(`APP_URL is not set. In production, set it to the origin people see in their browser, ${example}.`)
  const port = source.PORT?.trim() || "3000"
  if (!/^[1-9]\d{0,4}$/.test(port) || Number(port) > 65535)
    throw new Error(`PORT is "${port}". Set it to a port's number, for example 3000.`)
  return [new URL(`http://localhost:${port}`).origin]
}

function readSecrets(source: Source): readonly string[] {
  const secrets = (source.SESSION_SECRET ?? "")
    .split(",")
    .map((secret) => secret.trim())
    .filter((secret) => secret !== "")
  const why = secrets.map(weakness).find((weak) => weak !== undefined)
  if (why !== undefined)
    throw new Error(
      `SESSION_SECRET has a secret ${why}; a comma separates secrets. Make one with: openssl rand -base64 32. Leave it empty to run without snapshots.`,
    )
  return secrets
}

/** Text that people and examples write, and that generated secrets don't contain. */
const PLACEHOLDER =
  /change.?me|password|example|placeholder|your[-_]|123456789|abcdefgh|qwertyui|(?<![a-z\d])secret|secret(?![a-z\d])/i

/** Why a secret is easy to guess. Base64 or hex of 16 random bytes or more passes, except with a negligible probability. */
function weakness(secret: string): string | undefined {
  if (secret.length < 32) return "shorter than 32 characters"
  if (new Set(secret).size < 8) return "with fewer than 8 different characters"
  if (PLACEHOLDER.test(secret)) return "that contains a placeholder or a common word"
  // In a random secret nearly every group of four characters is unique.
  const groups = Array.from({ length: secret.length - 3 }, (_, start) => secret.slice(start, start + 4))
  return new Set(groups).size < groups.length * 0.75 ? "that repeats a pattern" : undefined
}

/** Cookies that have another meaning: this app's own, and Ory's for flows. */
const OTHER_COOKIES = /^((__Host-)?(session_snapshot|login_redirects)|csrf_token_.*|ory_kratos_continuity)$/

function checkSessionCookie(name: string): void {
  const cure =
    "Set it to the name of Ory's session cookie (Kratos: session.cookie.name), or leave it out for ory_kratos_session and Ory Network's names."
  // https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name))
    throw new Error(`ORY_SESSION_COOKIE is "${name}", which is not the name of a cookie. ${cure}`)
  if (OTHER_COOKIES.test(name))
    throw new Error(`ORY_SESSION_COOKIE is "${name}", which is the name of another cookie. ${cure}`)
}

/** The origin that `value` is, and nothing more: a path, a query or credentials would be lost without a word. */
function origin(variable: string, value: string, example: string): string {
  // Whatever stands before an @ may be a password.
  const seen = value.replace(/^.*@/s, "…@")
  const refuse = (why: string): Error => new Error(`${variable} is "${seen}", ${why}. Set it to an origin, ${example}.`)
  if (!/^https?:\/\//i.test(value)) throw refuse("which does not begin with http:// or https://")
  // URL parsers drop tabs and newlines without a word.
  if (/\s/.test(value) || !URL.canParse(value)) throw refuse("which is not a URL")
  const url = new URL(value)
  if (url.username !== "" || url.password !== "") throw refuse("which holds credentials")
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "")
    throw refuse("which has a path, a query or a fragment")
  return url.origin
}

/** Also in a build. {@link assertReadyToServe} makes sure that a server has all it needs, before it answers anyone. */
export const env = readEnv(process.env, false)

/** Whether this process has all that a server needs. */
let ready = false

let said = false

/**
 * For the start of a server, which a build need not be ready for. Says once, in the log, what will not work.
 *
 * @throws Error that lists all problems, as {@link readEnv} does.
 */
export function assertReadyToServe(): void {
  const { sessionSecrets, warnings } = readEnv(process.env)
  if (said) return
  said = true
  for (const warning of warnings) console.warn(warning)
  if (sessionSecrets.length === 0)
    console.warn(
      "SESSION_SECRET is not set: there are no snapshots, and Ory is asked for every check. Make one with: openssl rand -base64 32",
    )
}

/**
 * This app's own origin for a request: the one in `APP_URL` that has the request's host, else the first.
 * Behind proxies a request's own URL and `X-Forwarded-*` lie, so nothing else may be used for links and cookies.
 *
 * @throws Error that lists all problems, as {@link readEnv} does, when a server runs that lacks a variable.
 */
export function appUrl(host: string | null): string {
  // On a serverless host no server starts, and this is the first to notice that something lacks.
  if (!ready) readEnv(process.env)
  ready = true
  return env.appUrls.find((url) => new URL(url).host === host) ?? env.appUrls[0]
}

/** The origin at which the browser reaches Ory: all that it is sent to, or told of, goes by this. */
export function oryPublicUrl(appUrl: string): string {
  return env.topology === "direct" ? env.oryUrl : appUrl
}
