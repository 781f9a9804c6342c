import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { Configuration, FrontendApi } from "@ory/client"
import next from "next/package.json" with { type: "json" }
import semver from "semver"
import { getDomain } from "tldts"
import { Cookie, CookieJar } from "tough-cookie"
import { parse } from "yaml"
import type { Env, Variables } from "../lib/env"
import { paths } from "../lib/routes"
import { topologyProblem } from "../lib/topology"
import project from "../package.json" with { type: "json" }
import { advisory } from "./kratos"
import { messageOf, projectDir, request, SetupError } from "./processes"
import { demoUser } from "./stack"

/** The result of a check. `warning` and `cure` say what to do. They never contain a secret. */
export type Finding = { check: string } & ({ ok: true; seen: string; warning?: string } | { ok: false; cure: string })

/** Older versions of Next let requests skip `middleware.ts`. https://github.com/vercel/next.js/security/advisories */
const SAFE_NEXT = ">=16.2.11"

const THROUGH_APP = "not needed: the browser reaches Ory through the app"

/** An id that no session has. */
const NO_SESSION = "00000000-0000-4000-8000-000000000000"

/** Seconds by which the clocks may differ. The app compares a session's expiry with this machine's clock. */
const SKEW_SECONDS = 5

/**
 * Checks whether environment, versions, Ory, cookies, redirects, CORS, clocks and mail fit together.
 *
 * @param variables The environment variables.
 * @param url Origin of a deployed app, which is then checked too.
 * @returns One finding for each check, in order. An invalid environment ends the checks.
 */
export async function diagnose(variables: Variables, url?: string): Promise<Finding[]> {
  const findings = [await versions()]
  const add = async (name: string, check: () => string | Promise<string>): Promise<boolean> => {
    const result = await finding(name, check)
    findings.push(result)
    return result.ok
  }
  let env: Env
  try {
    // The import also checks the variables of this process.
    const { readEnv } = await import("../lib/env")
    env = readEnv(url === undefined ? variables : { ...variables, APP_URL: url })
  } catch (error) {
    return [...findings, { check: "Environment", ok: false, cure: messageOf(error) }]
  }
  const { oryUrl, topology, appUrls } = env
  const [app] = appUrls
  await add("Environment", () => `Ory at ${oryUrl}, the app at ${appUrls.join(", ")}`)

  const isOry = await add("Ory responds", () => checkOry(oryUrl))
  await add("Cookies can be shared", () => checkCookies(env, app))
  // Behind the Ory tunnel, users and mail are those of Ory Network.
  const local = new URL(oryUrl).hostname === "localhost" && !variables.ORY_PROJECT
  if (isOry) {
    await add("Ory leads to this app", () => checkFlows(env, app))
    await add("Ory's cookies reach this app", () => checkFlowCookie(env, app))
    if (local) await add("Session cookie", () => checkSessionCookie(env, app))
    await add("CORS", () => checkCors(env, app))
    await add("Clocks agree", () => checkClocks(oryUrl))
  }
  if (local) {
    const kratos = await kratosVersion(variables)
    findings.push(...kratos)
    // `npm run dev` sets it for the app.
    if (kratos.length > 0 && variables.ORY_ADMIN_URL === undefined) env.oryAdminUrl = localAdminUrl(variables)
    await add("Mail", () => checkMail(variables))
  }
  if (env.oryAdminUrl !== undefined) await add("Admin API", () => checkAdminApi(env, local))
  if (url !== undefined)
    await add("The app at its address", () => checkDeployed(topology === "direct" ? oryUrl : app, app))
  return findings
}

/** Runs a check. It returns what it saw, or throws a SetupError that says what to do. */
async function finding(name: string, check: () => string | Promise<string>): Promise<Finding> {
  try {
    return { check: name, ok: true, seen: await check() }
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    return { check: name, ok: false, cure: error.message }
  }
}

/** @param installed The version of Next. The default is the installed one. */
export function versions(installed = next.version, node = process.version): Promise<Finding> {
  return finding("Versions", () => {
    if (!semver.satisfies(node, project.engines.node))
      throw new SetupError(`Node is ${node}. Install ${project.engines.node}, see .nvmrc.`)
    if (!semver.satisfies(installed, SAFE_NEXT))
      throw new SetupError(`Next is ${installed}, in which requests get past the gate. Install ${SAFE_NEXT}.`)
    return `Node ${node}, Next ${installed}`
  })
}

async function checkOry(oryUrl: string): Promise<string> {
  const response = await request(`${oryUrl}/sessions/whoami`, { headers: { accept: "application/json" } })
  if (response === undefined)
    throw new SetupError(
      `No response from ${oryUrl}. Start Ory (npm run dev starts local Ory), or correct ORY_SDK_URL.`,
    )
  const body = (await response.json().catch(() => undefined)) as { error?: { code?: number } } | undefined
  if (response.status !== 401 || body?.error?.code !== 401)
    throw new SetupError(
      `The server at ${oryUrl} is not Ory (${response.status} instead of 401 for a request without a session). Correct ORY_SDK_URL.`,
    )
  return oryUrl
}

/** The domain that a host's owner registered. Unlike the rule in `lib/topology.ts`, it knows public suffixes such as `co.uk`. */
function registeredDomain(hostname: string): string {
  return getDomain(hostname, { allowPrivateDomains: true }) ?? hostname
}

function checkCookies({ oryUrl, topology }: Env, appUrl: string): string {
  if (topology === "same-origin") return THROUGH_APP
  const problem = topologyProblem(topology, oryUrl, appUrl, registeredDomain)
  if (problem !== undefined) throw new SetupError(problem)
  const { hostname } = new URL(oryUrl)
  return hostname === new URL(appUrl).hostname ? hostname : registeredDomain(hostname)
}

/**
 * Starts flows at Ory: it refuses an unknown `return_to`, and redirects browsers to its UI URLs. In the same-origin topology,
 * both may be Ory's own or this app's (`lib/ory-proxy.ts`).
 */
async function checkFlows({ oryUrl, topology }: Env, appUrl: string): Promise<string> {
  const origins = topology === "direct" ? [appUrl] : [oryUrl, appUrl]
  const disabled: string[] = []
  for (const kind of ["login", "registration", "recovery", "verification"] as const) {
    const responses = await Promise.all(
      origins.map((origin) => {
        const start = `${oryUrl}/self-service/${kind}/browser?return_to=${encodeURIComponent(origin + paths.dashboard)}`
        return request(start, { headers: { accept: "text/html" } })
      }),
    )
    const locations = responses.map((response) => response?.headers.get("location") ?? "")
    const location = locations.find((page) => page.includes("flow=")) ?? locations[0] ?? ""
    if (location === "")
      throw new SetupError(
        `Ory ${responses[0] === undefined ? "does not respond" : `responds with ${responses[0].status}`} when a ${kind} flow starts. Look at Ory's log and at its database.`,
      )
    const isError = /[?&]id=/.test(location) && !location.includes("flow=")
    if (isError && kind !== "login" && (await isDisabled(oryUrl, kind))) {
      disabled.push(kind)
      continue
    }
    if (isError)
      throw new SetupError(
        `Ory refuses to return to ${origins.join(" or ")}. Add it to selfservice.allowed_return_urls ("Allowed URLs" in the Console).`,
      )
    const own = topology === "direct" ? [] : [`${oryUrl}/ui/${kind}`, `${oryUrl}/${kind}`]
    if (![appUrl + paths[kind], ...own].some((page) => location.startsWith(`${page}?flow=`)))
      throw new SetupError(
        `Ory's ${kind} leads to ${location.split("?", 1)[0] ?? ""}. Set selfservice.flows.${kind}.ui_url ("UI URLs" in the Console) to ${appUrl}${paths[kind]}.`,
      )
  }
  return [appUrl + paths.login, ...disabled.map((kind) => `${kind} is disabled`)].join(", ")
}

/** Whether this flow is disabled in Ory's settings, for example to close sign-up. */
export async function isDisabled(oryUrl: string, kind: "registration" | "recovery" | "verification"): Promise<boolean> {
  const response = await request(`${oryUrl}/self-service/${kind}/browser`, { headers: { accept: "application/json" } })
  const body = (await response?.json().catch(() => undefined)) as { error?: { reason?: string } } | undefined
  return /because it was disabled/.test(body?.error?.reason ?? "")
}

/** Whether the cookie that Ory sets with a flow reaches the app. */
async function checkFlowCookie(env: Env, appUrl: string): Promise<string> {
  const headers = { accept: "application/json" }
  const response = await request(`${env.oryUrl}/self-service/login/browser`, { headers })
  const cookie = response?.headers.getSetCookie().find((value) => value.startsWith("csrf_token_"))
  if (cookie === undefined)
    throw new SetupError(
      `Ory at ${env.oryUrl} sets no cookie when a flow starts. A proxy in front of it may remove Set-Cookie.`,
    )
  await assertReachesApp(env, appUrl, cookie, "cookies.domain")
  return Cookie.parse(cookie)?.domain ?? new URL(env.oryUrl).hostname
}

/** Signs in to local Ory as the demo user: the session cookie must reach the app and have the name that the app expects. */
async function checkSessionCookie(env: Env, appUrl: string): Promise<string> {
  const setCookies = await signInAsDemoUser(env.oryUrl)
  if (setCookies === undefined) return `not checked: ${demoUser.email} can't sign in with its original password`
  const cookie = setCookies.find((value) => !/^(csrf_token_|ory_kratos_continuity=)/.test(value)) ?? ""
  const [name = ""] = cookie.split("=", 1)
  const expected =
    env.sessionCookie === undefined ? /^ory_(kratos_session|session_.*)$/.test(name) : name === env.sessionCookie
  if (!expected)
    throw new SetupError(
      `Ory's session cookie is ${name}, and this app expects ${env.sessionCookie ?? "ory_kratos_session"}. ` +
        (name === "ory_kratos_session" ? "Remove ORY_SESSION_COOKIE." : `Set ORY_SESSION_COOKIE=${name}.`),
    )
  await assertReachesApp(env, appUrl, cookie, "session.cookie.domain, or if that is not set cookies.domain,")
  return name
}

/** Signs in and out. Returns the cookies that Ory set for the session. Undefined when the demo user can't sign in with its password. */
async function signInAsDemoUser(oryUrl: string): Promise<string[] | undefined> {
  const ory = new FrontendApi(new Configuration({ basePath: oryUrl, baseOptions: { proxy: false, timeout: 5000 } }))
  const { email: identifier, password } = demoUser
  try {
    const { data: flow, headers } = await ory.createBrowserLoginFlow()
    const csrf_token = flow.ui.nodes
      .map(({ attributes }) => attributes as { name?: string; value?: string })
      .find(({ name }) => name === "csrf_token")?.value
    const signIn = await ory.updateLoginFlow({
      flow: flow.id,
      cookie: cookieHeader(headers["set-cookie"]),
      updateLoginFlowBody: { method: "password", identifier, password, csrf_token },
    })
    const setCookies = signIn.headers["set-cookie"] ?? []
    const cookie = cookieHeader(setCookies)
    const logout = await ory.createBrowserLogoutFlow({ cookie })
    await ory.updateLogoutFlow({ token: logout.data.logout_token, cookie })
    return setCookies
  } catch {
    return undefined
  }
}

function cookieHeader(setCookies: readonly string[] = []): string {
  return setCookies.map((cookie) => cookie.split(";", 1)[0]).join("; ")
}

/** @throws SetupError when browsers don't send this cookie of Ory's to the app. */
async function assertReachesApp(env: Env, appUrl: string, setCookie: string, setting: string): Promise<void> {
  const { oryUrl, topology } = env
  const jar = new CookieJar()
  await jar.setCookie(setCookie, oryUrl, { ignoreError: true })
  if (topology === "same-origin" || (await jar.getCookies(appUrl)).length > 0) return
  const { key = "", domain } = Cookie.parse(setCookie) ?? {}
  const [ory, app] = [new URL(oryUrl).hostname, new URL(appUrl).hostname]
  throw new SetupError(
    `Ory's cookie ${key} ${domain ? `has Domain=${domain}` : `has no Domain, so it is for ${ory} alone`}: browsers do not send it to ${app}. ` +
      `Set ${setting} in Kratos to ${ory === app ? ory : registeredDomain(app)} (Ory Network: the cookie domain of the custom domain).`,
  )
}

/** Elements sends its forms with fetch, from the app's origin. */
async function checkCors({ oryUrl, topology }: Env, appUrl: string): Promise<string> {
  if (topology === "same-origin") return THROUGH_APP
  const headers = {
    origin: appUrl,
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type",
  }
  const response = await request(`${oryUrl}/self-service/login`, { method: "OPTIONS", headers })
  const allowed =
    response?.headers.get("access-control-allow-origin") === appUrl &&
    response.headers.get("access-control-allow-credentials") === "true"
  if (!allowed)
    throw new SetupError(
      `Ory does not allow ${appUrl} to send its forms. Allow this origin, with credentials, in Ory's CORS settings.`,
    )
  return appUrl
}

async function checkClocks(oryUrl: string): Promise<string> {
  const date = (await request(`${oryUrl}/health/alive`))?.headers.get("date") ?? ""
  const skew = Math.round(Math.abs(Date.now() - Date.parse(date)) / 1000)
  if (Number.isNaN(skew))
    throw new SetupError(`Responses of ${oryUrl} have no Date header, so the clocks can't be compared.`)
  if (skew > SKEW_SECONDS)
    throw new SetupError(
      `This machine's clock and Ory's are ${skew} s apart. Synchronise both by NTP, because sessions expire by the clock.`,
    )
  return `${skew} s apart`
}

const localAdminUrl = ({ ORY_ADMIN_PORT }: Variables): string => `http://localhost:${ORY_ADMIN_PORT?.trim() || "4434"}`

/** Only the admin port of local Ory tells the version. Without it there is no finding. A known advisory is a warning. */
async function kratosVersion(variables: Variables): Promise<Finding[]> {
  const response = await request(`${localAdminUrl(variables)}/admin/version`)
  const { version } = ((await response?.json().catch(() => undefined)) ?? {}) as { version?: string }
  if (version === undefined) return []
  return [{ check: "Kratos", ok: true, seen: version, warning: advisory(version.replace(/^v/, "")) }]
}

/** Whether the admin API accepts the app's requests, and extends sessions as early as the app asks it to. */
async function checkAdminApi(
  { oryAdminUrl, oryProjectToken, sessionExtendBelowSeconds }: Env,
  local: boolean,
): Promise<string> {
  const headers: HeadersInit = oryProjectToken === undefined ? {} : { authorization: `Bearer ${oryProjectToken}` }
  const response = await request(`${oryAdminUrl}/admin/sessions/${NO_SESSION}/extend`, { method: "PATCH", headers })
  if (response?.status !== 404 && response?.ok !== true)
    throw new SetupError(
      `The admin API at ${oryAdminUrl} ${response === undefined ? "does not respond" : `responds with ${response.status}`}, so no session is extended and no user can delete the account. ` +
        "Correct ORY_ADMIN_URL and ORY_PROJECT_API_TOKEN, or remove ORY_ADMIN_URL to run without both.",
    )
  // No API of Ory's returns its settings.
  if (!local) return `${oryAdminUrl}. Compare SESSION_EXTEND_BELOW with Ory's session.earliest_possible_extend yourself`

  const { durationSeconds } = await import("../lib/env")
  const config = parse(await readFile(join(projectDir, "ory", "kratos.yml"), "utf8")) as {
    session: { lifespan: string; earliest_possible_extend?: string }
  }
  const { lifespan, earliest_possible_extend: earliest = lifespan } = config.session
  const [lifespanSeconds = 0, earliestSeconds = 0] = [durationSeconds(lifespan), durationSeconds(earliest)]
  const below = sessionExtendBelowSeconds ?? Math.min(24 * 3600, lifespanSeconds / 2)
  if (below > earliestSeconds)
    throw new SetupError(
      `SESSION_EXTEND_BELOW is ${below / 3600} hours, but Ory extends a session only in its last ${earliest}. ` +
        "Set SESSION_EXTEND_BELOW to at most session.earliest_possible_extend in ory/kratos.yml.",
    )
  return `${oryAdminUrl}, below ${below / 3600} hours`
}

async function checkMail(variables: Variables): Promise<string> {
  const inbox = `http://localhost:${variables.INBOX_PORT?.trim() || "1080"}`
  if ((await request(`${inbox}/email`))?.ok === true) return inbox
  throw new SetupError(
    `There is no inbox at ${inbox}, so mail that Ory sends is lost. npm run dev starts one. INBOX_PORT sets its port.`,
  )
}

/** Whether a deployed app reaches Ory, and redirects signed-out visitors to Ory and back to itself. */
async function checkDeployed(browserOryUrl: string, appUrl: string): Promise<string> {
  const health = await request(appUrl + paths.healthApi)
  if (health === undefined)
    throw new SetupError(`No response from ${appUrl}. Check the address, and that the app runs.`)
  if (health.status === 503)
    throw new SetupError(
      `${appUrl}${paths.healthApi} responds with 503: the deployed app does not reach Ory. Check its ORY_SDK_URL.`,
    )
  if (health.status !== 200)
    throw new SetupError(
      `${appUrl}${paths.healthApi} responds with ${health.status}, so something else responds at this address: another app, or a protection in front of this one.`,
    )
  const page = await request(appUrl + paths.dashboard, { headers: { accept: "text/html" } })
  const location = page?.headers.get("location") ?? ""
  const login = location.startsWith("/self-service/") ? appUrl + location : location
  const expected = `${browserOryUrl}/self-service/login/browser?return_to=${encodeURIComponent(appUrl + paths.dashboard)}`
  if (login !== expected)
    throw new SetupError(
      `${appUrl}${paths.dashboard} redirects signed-out visitors to "${login}" instead of "${expected}". Check its ORY_SDK_URL and APP_URL.`,
    )
  return appUrl
}
