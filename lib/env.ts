import { logStart } from "./log.ts"
import { isOryNetwork, topologyProblem, type Topology } from "./topology.ts"

/** The checked environment variables. No other code of the app reads its settings from `process.env`. */
export interface Env {
  /** Origin of Ory: Ory Network, the Ory tunnel, or local Ory. No trailing slash. The server sends its requests here in any topology. */
  oryUrl: string
  topology: Topology
  /**
   * A project API token. In the same-origin topology, Ory Network then uses this app's origin in the URLs that it writes. The admin
   * API of Ory Network requires it.
   */
  oryProjectToken: string | undefined
  /** Origin of Ory's admin API. Undefined: sessions are not extended, and users can't delete their account. */
  oryAdminUrl: string | undefined
  /** A session with less than this left is extended, in seconds. Undefined: `lib/sliding.ts` chooses. */
  sessionExtendBelowSeconds: number | undefined
  /** A session is not extended any more when it is older than this, in seconds. */
  sessionMaxAgeSeconds: number
  /** Name of Ory's session cookie (Kratos: `session.cookie.name`). Undefined: the default names of Kratos and Ory Network. */
  sessionCookie: string | undefined
  /** Origins of this app. The first is the default. */
  appUrls: readonly [string, ...string[]]
  /** Secrets that seal handoffs and snapshots. The first seals, all open. Empty: neither is used. */
  sessionSecrets: readonly string[]
  /** Seconds for which one response from Ory may serve page views, from 0 to 300. 0: no snapshots. */
  sessionCacheSeconds: number
  /** Public keys of session tokens (`lib/session-token.ts`). Undefined: there are none. */
  sessionTokenJwks: Jwks | undefined
  /** Origins of APIs that pages may call. */
  apiOrigins: readonly string[]
  /** Whether the app runs on Vercel, which sends the client's IP address in `x-vercel-forwarded-for`. */
  onVercel: boolean
  /** What doesn't work under origins other than the first, for the log. */
  warnings: readonly string[]
}

/** A JSON Web Key Set (RFC 7517) with public keys only. */
export interface Jwks {
  keys: readonly Readonly<Record<string, unknown>>[]
}

/** Environment variables, as in `process.env`. */
export type Variables = Readonly<Record<string, string | undefined>>

/**
 * Reads and checks all variables.
 *
 * @param serving Whether the app is about to handle requests. A build doesn't need to know its origin.
 * @throws Error that lists all problems: the variable, its value (never a secret) and what to do. It has no stack trace.
 */
export function readEnv(variables: Variables, serving = true): Env {
  // Each reader adds its problems to this list and returns a default instead.
  const problems: string[] = []
  const oryUrl = readOryUrl(variables, problems)
  const appUrls = readAppUrls(variables, serving, problems)
  const topology = readTopology(variables, oryUrl, problems)
  const warnings = problems.length === 0 ? readWarnings(variables, serving, topology, oryUrl, appUrls, problems) : []
  const oryProjectToken = readProjectToken(variables, problems)
  const oryAdminUrl = readAdminUrl(variables, oryProjectToken, problems)
  const sessionExtendBelowSeconds = readDuration("SESSION_EXTEND_BELOW", "24h", variables, problems)
  const sessionMaxAgeSeconds = readDuration("SESSION_MAX_AGE", "2160h", variables, problems) ?? 90 * 24 * 3600
  const sessionCookie = readSessionCookie(variables, problems)
  const sessionSecrets = readSecrets(variables, problems)
  const sessionCacheSeconds = readCacheSeconds(variables, problems)
  const sessionTokenJwks = readJwks(variables, problems)
  const apiOrigins = readApiOrigins(variables, problems)
  const onVercel = variables.VERCEL === "1"

  if (problems.length > 0) {
    const error = new Error(["Invalid environment variables:", ...new Set(problems)].join("\n  - "))
    // The message names the variables. A stack trace below it would only hide them.
    error.stack = error.message
    throw error
  }
  return {
    oryUrl,
    topology,
    oryProjectToken,
    oryAdminUrl,
    sessionExtendBelowSeconds,
    sessionMaxAgeSeconds,
    sessionCookie,
    appUrls,
    sessionSecrets,
    sessionCacheSeconds,
    sessionTokenJwks,
    apiOrigins,
    onVercel,
    warnings,
  }
}

/** Defaults where a variable is missing or invalid. */
const LOCAL_ORY = "http://localhost:4000"
const LOCAL_APP = "http://localhost:3000"

function readOryUrl(variables: Variables, problems: string[]): string {
  const example = `for example ${LOCAL_ORY} (local Ory and the Ory tunnel) or https://auth.example.com`
  const value = variables.ORY_SDK_URL?.trim()
  if (value) return readOrigin("ORY_SDK_URL", value, example, problems) ?? LOCAL_ORY
  problems.push(`ORY_SDK_URL is not set. Set it to the origin of Ory, ${example}.`)
  return LOCAL_ORY
}

function readAppUrls(variables: Variables, serving: boolean, problems: string[]): readonly [string, ...string[]] {
  const example = "for example https://app.example.com, or several separated by commas"
  if (variables.APP_URL) {
    const values = variables.APP_URL.split(",").map((value) => readOrigin("APP_URL", value.trim(), example, problems))
    const [first = LOCAL_APP, ...rest] = values.filter((value) => value !== undefined)
    return [first, ...rest]
  }
  // Hosts without a scheme: https://vercel.com/docs/environment-variables/system-environment-variables
  const production = variables.VERCEL_PROJECT_PRODUCTION_URL
  const preview = [variables.VERCEL_BRANCH_URL, variables.VERCEL_URL]
  const hosts = variables.VERCEL_ENV === "production" ? [production, ...preview] : [...preview, production]
  const [first, ...rest] = hosts.filter((host) => host !== undefined && host !== "").map((host) => `https://${host}`)
  if (first !== undefined) return [first, ...rest]

  if (variables.NODE_ENV === "production" && serving)
    problems.push(
      `APP_URL is not set. In production, set it to the origin that users see in their browser, ${example}.`,
    )
  const port = variables.PORT?.trim() || "3000"
  if (/^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65535) return [new URL(`http://localhost:${port}`).origin]
  problems.push(`PORT is "${port}". Set it to a port number, for example 3000.`)
  return [LOCAL_APP]
}

function readTopology(variables: Variables, oryUrl: string, problems: string[]): Topology {
  const { hostname, protocol } = new URL(oryUrl)
  const proxy = variables.ORY_PROXY?.trim() ?? ""
  if (proxy !== "" && proxy !== "on") problems.push(`ORY_PROXY is "${proxy}". Set it to on, or remove it.`)
  if (isOryNetwork(hostname) && protocol === "http:")
    problems.push(`ORY_SDK_URL is "${oryUrl}". Ory Network uses https. Set it to https://${hostname}.`)
  return isOryNetwork(hostname) || proxy === "on" ? "same-origin" : "direct"
}

/** The topology must work under the first origin. Under the others, which users may never visit, a problem is a warning. */
function readWarnings(
  variables: Variables,
  serving: boolean,
  topology: Topology,
  oryUrl: string,
  appUrls: readonly string[],
  problems: string[],
): readonly string[] {
  // A build may not know both origins yet, and then has nothing to compare. The Dockerfile builds with a host that ends in `.invalid`.
  const knowsApp = Boolean(variables.APP_URL || variables.VERCEL_URL)
  const knowsOry = !new URL(oryUrl).hostname.endsWith(".invalid")
  const isBuild = !serving && variables.NODE_ENV === "production"
  if (isBuild && !(knowsApp && knowsOry)) return []
  const [first, ...others] = appUrls.map((appUrl) => topologyProblem(topology, oryUrl, appUrl))
  if (first !== undefined) problems.push(first)
  return others.filter((problem) => problem !== undefined)
}

function readProjectToken(variables: Variables, problems: string[]): string | undefined {
  const token = variables.ORY_PROJECT_API_TOKEN?.trim() || undefined
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
    problems.push(
      "ORY_PROJECT_API_TOKEN contains a character that no token has. Copy it again from the Ory Console, without quotes or spaces.",
    )
  return token
}

function readAdminUrl(variables: Variables, projectToken: string | undefined, problems: string[]): string | undefined {
  const value = variables.ORY_ADMIN_URL?.trim()
  if (!value) return undefined
  const example = "for example http://127.0.0.1:4434 (your own Kratos) or https://<slug>.projects.oryapis.com"
  const adminUrl = readOrigin("ORY_ADMIN_URL", value, example, problems)
  if (adminUrl === undefined) return undefined
  const { hostname, protocol } = new URL(adminUrl)
  if (isOryNetwork(hostname) && protocol === "http:")
    problems.push(`ORY_ADMIN_URL is "${adminUrl}". Ory Network uses https. Set it to https://${hostname}.`)
  if (isOryNetwork(hostname) && projectToken === undefined)
    problems.push(
      `ORY_ADMIN_URL is "${adminUrl}", but ORY_PROJECT_API_TOKEN is not set. Set it to a project API key, or remove ORY_ADMIN_URL to run without sliding sessions and account deletion.`,
    )
  return adminUrl
}

/** The duration in this variable, in seconds. Undefined when it is not set. */
function readDuration(variable: string, example: string, variables: Variables, problems: string[]): number | undefined {
  const value = variables[variable]?.trim()
  if (!value) return undefined
  const seconds = durationSeconds(value)
  if (seconds === undefined)
    problems.push(
      `${variable} is "${value}". Set it to a duration above zero in hours, minutes and seconds, for example ${example} or 1h30m.`,
    )
  return seconds
}

/** A duration as Kratos and Go write it, such as `1h30m`, in seconds. Undefined for zero and for other text. */
export function durationSeconds(text: string): number | undefined {
  const [, hours = 0, minutes = 0, seconds = 0] = /^(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?$/.exec(text) ?? []
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds) || undefined
}

/** Cookies with another purpose: this app's own, and Ory's for flows. */
const OTHER_COOKIES =
  /^((__Host-)?(session_snapshot|login_redirects)|sign_in_flow|csrf_token_.*|ory_kratos_continuity)$/

function readSessionCookie(variables: Variables, problems: string[]): string | undefined {
  const name = variables.ORY_SESSION_COOKIE?.trim() || undefined
  if (name === undefined) return undefined
  const fix =
    "Set it to the name of Ory's session cookie (Kratos: session.cookie.name), or remove it to use ory_kratos_session and Ory Network's names."
  // https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name))
    problems.push(`ORY_SESSION_COOKIE is "${name}", which is not a valid cookie name. ${fix}`)
  else if (OTHER_COOKIES.test(name))
    problems.push(`ORY_SESSION_COOKIE is "${name}", which is the name of another cookie. ${fix}`)
  return name
}

function readSecrets(variables: Variables, problems: string[]): readonly string[] {
  const secrets = (variables.SESSION_SECRET ?? "")
    .split(",")
    .map((secret) => secret.trim())
    .filter((secret) => secret !== "")
  const why = secrets.map(weakness).find((weak) => weak !== undefined)
  if (why !== undefined)
    problems.push(
      `SESSION_SECRET contains a secret ${why}. Commas separate secrets. Generate a secret with: openssl rand -base64 32. Leave the variable empty to run without snapshots.`,
    )
  return secrets
}

/** Text that is common in hand-written secrets and placeholders, and practically impossible in generated ones. */
const PLACEHOLDER =
  /change.?me|password|example|placeholder|your[-_]|123456789|abcdefgh|qwertyui|(?<![a-z\d])secret|secret(?![a-z\d])/i

/** Why a secret is easy to guess. Base64 or hex of at least 16 random bytes passes, except with negligible probability. */
function weakness(secret: string): string | undefined {
  if (secret.length < 32) return "that is shorter than 32 characters"
  if (new Set(secret).size < 8) return "with fewer than 8 different characters"
  if (PLACEHOLDER.test(secret)) return "that contains a placeholder or a common word"
  // In a random secret, nearly all groups of four characters are unique.
  const groups = Array.from({ length: secret.length - 3 }, (_, start) => secret.slice(start, start + 4))
  return new Set(groups).size < groups.length * 0.75 ? "that repeats a pattern" : undefined
}

function readCacheSeconds(variables: Variables, problems: string[]): number {
  const value = variables.SESSION_CACHE_SECONDS?.trim() || "30"
  if (!/^\d{1,3}$/.test(value) || Number(value) > 300)
    problems.push(`SESSION_CACHE_SECONDS is "${value}". Set it to whole seconds from 0 (off) to 300, for example 30.`)
  return Number(value)
}

/** `value` as an origin. A path, query or credentials are a problem, because they would be dropped silently. */
function readOrigin(variable: string, value: string, example: string, problems: string[]): string | undefined {
  const why = originProblem(value)
  if (why === undefined) return new URL(value).origin
  // The text before an @ may be a password.
  problems.push(`${variable} is "${value.replace(/^.*@/s, "…@")}", ${why}. Set it to an origin, ${example}.`)
  return undefined
}

function originProblem(value: string): string | undefined {
  if (!/^https?:\/\//i.test(value)) return "which does not begin with http:// or https://"
  // URL parsers silently drop tabs and newlines.
  if (/\s/.test(value) || !URL.canParse(value)) return "which is not a URL"
  const { username, password, pathname, search, hash } = new URL(value)
  if (username !== "" || password !== "") return "which contains credentials"
  return pathname !== "/" || search !== "" || hash !== "" ? "which has a path, a query or a fragment" : undefined
}

/** Members of a JSON Web Key that belong to a private or a symmetric key. https://www.rfc-editor.org/rfc/rfc7518#section-6 */
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"]

/** The members of a public key, by the start of its algorithm. https://www.ory.com/docs/identities/session-to-jwt-cors */
const PUBLIC_MEMBERS: readonly [alg: RegExp, kty: string, members: readonly string[]][] = [
  [/^ES(256|384|512)$/, "EC", ["crv", "x", "y"]],
  [/^[RP]S(256|384|512)$/, "RSA", ["n", "e"]],
  [/^EdDSA$/, "OKP", ["crv", "x"]],
]

/** Only known public members are kept. The problem contains no value, because it may be a private key. */
function readJwks(variables: Variables, problems: string[]): Jwks | undefined {
  const value = variables.SESSION_TOKEN_JWKS?.trim()
  if (!value) return undefined
  const keys = parsedKeys(value)
  const problem = keys === undefined ? 'is not a JSON object with a list of "keys"' : keysProblem(keys)
  if (keys !== undefined && problem === undefined) return { keys: keys.map(publicKey) }
  problems.push(
    `SESSION_TOKEN_JWKS ${problem}. Set it to the public key set that npm run session-token-keys prints, or remove it.`,
  )
  return undefined
}

function keysProblem(keys: Jwks["keys"]): string | undefined {
  if (keys.length === 0) return "contains no key"
  const found = keys.map(keyProblem)
  const index = found.findIndex((problem) => problem !== undefined)
  return index < 0 ? undefined : `has a key (number ${index + 1}) ${found[index]}`
}

function keyProblem(key: Jwks["keys"][number], index: number, keys: Jwks["keys"]): string | undefined {
  const secret = PRIVATE_MEMBERS.find((name) => Object.hasOwn(key, name))
  if (secret !== undefined) return `with the private member "${secret}". Replace this key, because it may have leaked`
  if (typeof key.kid !== "string" || key.kid === "") return 'without a "kid"'
  if (keys.findIndex(({ kid }) => kid === key.kid) < index) return 'with the "kid" of another one'
  const members = publicMembers(key)
  if (members === undefined) return 'whose "alg" and "kty" are not ES256 and EC, or another pair that Ory signs with'
  const missing = members.find((name) => !isBase64url(key[name]))
  return missing === undefined ? undefined : `without a valid "${missing}"`
}

function publicMembers({ alg, kty }: Jwks["keys"][number]): readonly string[] | undefined {
  return PUBLIC_MEMBERS.find(([algorithm, type]) => algorithm.test(String(alg)) && type === kty)?.[2]
}

function publicKey(key: Jwks["keys"][number]): Jwks["keys"][number] {
  const names = ["kid", "alg", "kty", ...(publicMembers(key) ?? [])]
  return { ...Object.fromEntries(names.map((name) => [name, key[name]])), use: "sig" }
}

function isBase64url(value: unknown): boolean {
  return typeof value === "string" && /^[\w-]+$/.test(value)
}

function parsedKeys(value: string): Jwks["keys"] | undefined {
  try {
    const { keys } = JSON.parse(value) as { keys?: unknown }
    const areObjects = Array.isArray(keys) && keys.every((key) => typeof key === "object" && key !== null)
    return areObjects ? (keys as Jwks["keys"]) : undefined
  } catch {
    return undefined
  }
}

function readApiOrigins(variables: Variables, problems: string[]): readonly string[] {
  const example = "for example https://api.example.com, or several separated by commas"
  const values = (variables.API_ORIGINS ?? "").split(",").map((value) => value.trim())
  return values
    .filter((value) => value !== "")
    .map((value) => readOrigin("API_ORIGINS", value, example, problems))
    .filter((value) => value !== undefined)
}

/**
 * The environment of this process. A wrong variable stops every importer, also a build. Code for Edge runs only in servers, so on Edge
 * this also checks what only a server needs.
 */
export const env = readEnv(process.env, process.env.NEXT_RUNTIME === "edge")

/** Next writes `localhost` for these in the gate's URLs, and then takes each rewrite for another server's. https://github.com/vercel/next.js/issues/94745 */
const UNUSABLE_ADDRESS = /^https?:\/\/(127\.|\[::1\])/

/**
 * Checks what a running server needs beyond a build, and logs what won't work. `instrumentation.ts` calls it at the start.
 *
 * @throws Error with all problems of variables, as {@link readEnv} does, or with an address at which the app can't work.
 */
export function assertReadyToServe(): void {
  const { sessionSecrets, warnings } = readEnv(process.env)
  const listensOn = process.env.__NEXT_PRIVATE_ORIGIN
  if (listensOn !== undefined && UNUSABLE_ADDRESS.test(listensOn))
    throw new Error(
      `The server listens on ${listensOn}. At this address, Next sends each rewrite of the gate to itself again. Use localhost instead: next start -H localhost, or HOSTNAME=localhost for a standalone server.`,
    )
  for (const warning of warnings) logStart("warn", "configuration_warning", warning)
  if (sessionSecrets.length === 0)
    logStart(
      "warn",
      "configuration_warning",
      "SESSION_SECRET is not set, so there are no snapshots and every check sends a request to Ory. Generate a secret with: openssl rand -base64 32",
    )
}

/**
 * This app's origin for a request: the origin in `APP_URL` with the request's host, else the first one.
 * Links and cookies must use it: behind proxies, a request's own URL and `X-Forwarded-*` can be wrong or spoofed.
 */
export function appUrl(host: string | null): string {
  return env.appUrls.find((url) => new URL(url).host === host) ?? env.appUrls[0]
}

/** The origin at which the browser reaches Ory. Use it in every URL that the browser sees. */
export function oryPublicUrl(appUrl: string): string {
  return env.topology === "direct" ? env.oryUrl : appUrl
}
