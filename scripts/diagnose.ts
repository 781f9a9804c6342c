import { readFile } from "node:fs/promises"
import { join } from "node:path"
import semver from "semver"
import { getDomain } from "tldts"
import type { Env } from "../lib/env"
import { advisory } from "./kratos"
import { nodeModule, projectDir } from "./processes"
import { demoUser } from "./stack"

/** What a check found. `warning` and `cure` say what to do. No secret is ever in them. */
export type Finding = { check: string } & ({ ok: true; seen: string; warning?: string } | { ok: false; cure: string })

type Source = Readonly<Record<string, string | undefined>>

/** Versions of Next before this let requests past a `middleware.ts`. https://github.com/vercel/next.js/security/advisories */
const SAFE_NEXT = ">=16.2.11"

const THROUGH_APP = "not needed: the browser reaches Ory through the app"

/** How far the clocks may be apart, in seconds: a session's end is compared with this machine's. */
const SKEW_SECONDS = 5

/**
 * Looks at everything that has to fit together: environment, versions, Ory, cookies, redirects, CORS, clocks and mail.
 *
 * @param source The environment variables.
 * @param url Where the app runs, to look at it there as well.
 * @returns A finding for each check, in the order in which they build on each other; after one that all others need, none.
 */
export async function diagnose(source: Source, url?: string): Promise<Finding[]> {
  const findings = [await versions()]
  const env = await environment(source, url)
  if ("check" in env) return [...findings, env]
  findings.push({ check: "Environment", ok: true, seen: `Ory at ${env.oryUrl}, the app at ${env.appUrls.join(", ")}` })

  const ory = await isOry(env.oryUrl)
  findings.push(ory)
  const [app] = env.appUrls
  findings.push(cookies(env, app))
  // The tunnel is no local Ory: mail and users are those of Ory Network.
  const local = new URL(env.oryUrl).hostname === "localhost" && !source.ORY_PROJECT
  if (ory.ok) {
    findings.push(await flows(env, app), await flowCookie(env, app))
    if (local) findings.push(await sessionCookie(env, app))
    findings.push(await cors(env, app), await clock(env.oryUrl))
  }
  if (local) findings.push(...(await kratos(source)), await mail(source))
  if (url !== undefined) findings.push(await deployed(env.topology === "direct" ? env.oryUrl : app, app))
  return findings
}

async function environment(source: Source, url: string | undefined): Promise<Env | Finding> {
  try {
    // Importing it checks this process's own variables as well.
    const { readEnv } = await import("../lib/env")
    return readEnv(url === undefined ? source : { ...source, APP_URL: url })
  } catch (error) {
    return { check: "Environment", ok: false, cure: error instanceof Error ? error.message : String(error) }
  }
}

/** @param next The version of Next; by default the one that is installed. */
export async function versions(next?: string, node = process.version): Promise<Finding> {
  const check = "Versions"
  const { engines } = (await json(join(projectDir, "package.json"))) as { engines: { node: string } }
  const installed = next ?? ((await json(nodeModule("next/package.json"))) as { version: string }).version
  if (!semver.satisfies(node, engines.node))
    return { check, ok: false, cure: `Node is ${node}. Install ${engines.node}, see .nvmrc.` }
  if (!semver.satisfies(installed, SAFE_NEXT))
    return {
      check,
      ok: false,
      cure: `Next is ${installed}, in which requests get past the gate. Install ${SAFE_NEXT}.`,
    }
  return { check, ok: true, seen: `Node ${node}, Next ${installed}` }
}

async function isOry(oryUrl: string): Promise<Finding> {
  const check = "Ory answers"
  const answer = await ask(`${oryUrl}/sessions/whoami`, { headers: { accept: "application/json" } })
  if (answer === undefined)
    return {
      check,
      ok: false,
      cure: `Nothing answers at ${oryUrl}. Start it (npm run dev starts local Ory), or correct ORY_SDK_URL.`,
    }
  const body = (await answer.json().catch(() => undefined)) as { error?: { code?: number } } | undefined
  if (answer.status !== 401 || body?.error?.code !== 401)
    return {
      check,
      ok: false,
      cure: `What answers at ${oryUrl} is not Ory (${answer.status} to a question about nobody's session). Correct ORY_SDK_URL.`,
    }
  return { check, ok: true, seen: oryUrl }
}

/** Whether a cookie that Ory sets for itself, or for the domain above it, reaches the app. */
function cookies({ oryUrl, topology }: Env, appUrl: string): Finding {
  const check = "Cookies can be shared"
  if (topology === "same-origin") return { check, ok: true, seen: THROUGH_APP }
  const [ory, app] = [new URL(oryUrl), new URL(appUrl)]
  const fail = (cure: string): Finding => ({ check, ok: false, cure })
  if (ory.protocol !== app.protocol)
    return fail(
      `${oryUrl} and ${appUrl} differ in http and https: browsers treat them as different sites. Use https for both.`,
    )
  const domain = getDomain(ory.hostname, { allowPrivateDomains: true })
  const shared =
    ory.hostname === app.hostname ||
    (domain !== null && domain === getDomain(app.hostname, { allowPrivateDomains: true }))
  if (!shared)
    return fail(
      `A browser never sends ${app.hostname} a cookie of ${ory.hostname}. Give Ory a custom domain beside the app's, such as ` +
        `auth.${getDomain(app.hostname) ?? "example.com"}, and set ORY_SDK_URL to it.`,
    )
  return { check, ok: true, seen: ory.hostname === app.hostname ? ory.hostname : (domain ?? "") }
}

/**
 * Really begins flows: Ory refuses a `return_to` that it does not know, and sends browsers to its UI URLs. In the same-origin
 * topology both may be Ory's own or this app's: `lib/ory-proxy.ts`.
 */
async function flows({ oryUrl, topology }: Env, appUrl: string): Promise<Finding> {
  const check = "Ory leads to this app"
  const backs = topology === "direct" ? [appUrl] : [oryUrl, appUrl]
  for (const kind of ["login", "registration", "recovery", "verification"]) {
    const locations = await Promise.all(
      backs.map((back) =>
        flowPage(`${oryUrl}/self-service/${kind}/browser?return_to=${encodeURIComponent(`${back}/dashboard`)}`),
      ),
    )
    const location = locations.find((page) => page.includes("flow=")) ?? locations[0] ?? ""
    if (/[?&]id=/.test(location) && !location.includes("flow="))
      return {
        check,
        ok: false,
        cure: `Ory refuses to come back to ${backs.join(" or ")}. Add it to selfservice.allowed_return_urls ("Allowed URLs" in the Console).`,
      }
    const pages = [
      `${appUrl}/auth/${kind}`,
      ...(topology === "direct" ? [] : [`${oryUrl}/ui/${kind}`, `${oryUrl}/${kind}`]),
    ]
    if (!pages.some((page) => location.startsWith(`${page}?flow=`)))
      return {
        check,
        ok: false,
        cure: `Ory's ${kind} leads to ${location.split("?", 1)[0] ?? ""}. Set selfservice.flows.${kind}.ui_url ("UI URLs" in the Console) to ${appUrl}/auth/${kind}.`,
      }
  }
  return { check, ok: true, seen: `${appUrl}/auth/…` }
}

async function flowPage(begin: string): Promise<string> {
  return (await ask(begin, { headers: { accept: "text/html" } }))?.headers.get("location") ?? ""
}

/** Whether the cookie that Ory sets with a flow reaches the app. */
async function flowCookie(env: Env, appUrl: string): Promise<Finding> {
  const check = "Ory's cookies reach this app"
  const answer = await ask(`${env.oryUrl}/self-service/login/browser`, { headers: { accept: "application/json" } })
  const cookie = answer?.headers.getSetCookie().find((cookie) => cookie.startsWith("csrf_token_"))
  if (cookie === undefined)
    return {
      check,
      ok: false,
      cure: `Ory at ${env.oryUrl} sets no cookie when a flow begins. A proxy in front of it may remove Set-Cookie.`,
    }
  const cure = uncovered(env, appUrl, cookie, "cookies.domain")
  return cure === undefined
    ? { check, ok: true, seen: domainOf(cookie) ?? new URL(env.oryUrl).hostname }
    : { check, ok: false, cure }
}

/** Whether local Ory's session cookie reaches the app, and has the name that the app expects: signs in as the demo user, and out again. */
async function sessionCookie(env: Env, appUrl: string): Promise<Finding> {
  const check = "Session cookie"
  const signedIn = await signInAsDemoUser(env.oryUrl)
  if (signedIn === undefined)
    return { check, ok: true, seen: `not checked: ${demoUser.email} cannot sign in with the password of the start` }
  const cookie = signedIn.find((cookie) => !/^(csrf_token_|ory_kratos_continuity=)/.test(cookie)) ?? ""
  const [name = ""] = cookie.split("=", 1)
  const expected =
    env.sessionCookie === undefined ? /^ory_(kratos_session|session_.*)$/.test(name) : name === env.sessionCookie
  if (!expected)
    return {
      check,
      ok: false,
      cure:
        `Ory's session cookie is ${name}, and this app expects ${env.sessionCookie ?? "ory_kratos_session"}. ` +
        (name === "ory_kratos_session" ? "Remove ORY_SESSION_COOKIE." : `Set ORY_SESSION_COOKIE=${name}.`),
    }
  const cure = uncovered(env, appUrl, cookie, "session.cookie.domain, or if that is not set cookies.domain,")
  return cure === undefined ? { check, ok: true, seen: name } : { check, ok: false, cure }
}

/** The cookies that Ory sets when the demo user signs in. Undefined where there is none, or it has another password or no password. */
async function signInAsDemoUser(oryUrl: string): Promise<string[] | undefined> {
  const accept = "application/json"
  const begun = await ask(`${oryUrl}/self-service/login/browser`, { headers: { accept } })
  const flow = (await begun?.json().catch(() => undefined)) as
    { ui?: { action: string; nodes: { attributes: { name?: string; value?: string } }[] } } | undefined
  if (begun === undefined || flow?.ui === undefined) return undefined
  const { pathname, search } = new URL(flow.ui.action)
  const csrf_token = flow.ui.nodes.find(({ attributes }) => attributes.name === "csrf_token")?.attributes.value
  const done = await ask(oryUrl + pathname + search, {
    method: "POST",
    headers: { accept, "content-type": "application/json", cookie: pairs(begun.headers.getSetCookie()) },
    body: JSON.stringify({ method: "password", identifier: demoUser.email, password: demoUser.password, csrf_token }),
  })
  if (done?.status !== 200) return undefined
  const cookies = done.headers.getSetCookie()
  const logout = await ask(`${oryUrl}/self-service/logout/browser`, { headers: { accept, cookie: pairs(cookies) } })
  const { logout_url } = ((await logout?.json().catch(() => undefined)) ?? {}) as { logout_url?: string }
  if (logout_url !== undefined)
    await ask(oryUrl + new URL(logout_url).pathname + new URL(logout_url).search, {
      headers: { accept, cookie: pairs(cookies) },
    })
  return cookies
}

function pairs(setCookies: readonly string[]): string {
  return setCookies.map((cookie) => cookie.split(";", 1)[0]).join("; ")
}

function domainOf(setCookie: string): string | undefined {
  return /;\s*domain=\.?([^;]+)/i.exec(setCookie)?.[1]?.trim().toLowerCase()
}

/** Why browsers do not send this cookie of Ory's to the app, and the cure. Undefined: they do. */
function uncovered({ oryUrl, topology }: Env, appUrl: string, setCookie: string, setting: string): string | undefined {
  const [ory, app] = [new URL(oryUrl).hostname, new URL(appUrl).hostname]
  const domain = domainOf(setCookie)
  const covers = (host: string): boolean =>
    domain === undefined ? host === ory : host === domain || host.endsWith(`.${domain}`)
  if (topology === "same-origin" || (covers(app) && covers(ory))) return undefined
  const expected = ory === app ? ory : (getDomain(app, { allowPrivateDomains: true }) ?? app)
  return (
    `Ory's cookie ${setCookie.split("=", 1)[0] ?? ""} ${domain === undefined ? `has no Domain, so it is for ${ory} alone` : `has Domain=${domain}`}: ` +
    `browsers do not send it to ${app}. Set ${setting} in Kratos to ${expected} (Ory Network: the cookie domain of the custom domain).`
  )
}

/** Elements posts its forms with fetch, from the app's origin. */
async function cors({ oryUrl, topology }: Env, appUrl: string): Promise<Finding> {
  const check = "CORS"
  if (topology === "same-origin") return { check, ok: true, seen: THROUGH_APP }
  const headers = {
    origin: appUrl,
    "access-control-request-method": "POST",
    "access-control-request-headers": "content-type",
  }
  const answer = await ask(`${oryUrl}/self-service/login`, { method: "OPTIONS", headers })
  const allowed =
    answer?.headers.get("access-control-allow-origin") === appUrl &&
    answer.headers.get("access-control-allow-credentials") === "true"
  return allowed
    ? { check, ok: true, seen: appUrl }
    : {
        check,
        ok: false,
        cure: `Ory does not allow ${appUrl} to post its forms. Allow this origin, with credentials, in Ory's CORS settings.`,
      }
}

async function clock(oryUrl: string): Promise<Finding> {
  const check = "Clocks agree"
  const date = (await ask(`${oryUrl}/health/alive`))?.headers.get("date") ?? ""
  const skew = Math.round(Math.abs(Date.now() - Date.parse(date)) / 1000)
  if (Number.isNaN(skew))
    return { check, ok: false, cure: `${oryUrl} does not say what time it is: it answers without a Date header.` }
  return skew <= SKEW_SECONDS
    ? { check, ok: true, seen: `${skew} s apart` }
    : {
        check,
        ok: false,
        cure: `This machine's clock and Ory's are ${skew} s apart. Set them by NTP: sessions end by the clock.`,
      }
}

/** Only local Ory says its version, on its admin port: no finding when nothing answers there. A warning is no failure. */
async function kratos(source: Source): Promise<Finding[]> {
  const answer = await ask(`http://localhost:${source.ORY_ADMIN_PORT?.trim() || "4434"}/admin/version`)
  const { version } = ((await answer?.json().catch(() => undefined)) ?? {}) as { version?: string }
  if (version === undefined) return []
  return [{ check: "Kratos", ok: true, seen: version, warning: advisory(version.replace(/^v/, "")) }]
}

async function mail(source: Source): Promise<Finding> {
  const check = "Mail"
  const inbox = `http://localhost:${source.INBOX_PORT?.trim() || "1080"}`
  const answer = await ask(`${inbox}/email`)
  return answer?.ok === true
    ? { check, ok: true, seen: inbox }
    : {
        check,
        ok: false,
        cure: `There is no inbox at ${inbox}: codes that Ory sends are lost. npm run dev starts one; INBOX_PORT moves it.`,
      }
}

/** Whether the app that runs at its own address is this one, sees Ory, and sends strangers there and back. */
async function deployed(browserOryUrl: string, appUrl: string): Promise<Finding> {
  const check = "The app at its address"
  const health = await ask(`${appUrl}/api/health`)
  if (health === undefined) return { check, ok: false, cure: `Nothing answers at ${appUrl}.` }
  if (health.status !== 200)
    return {
      check,
      ok: false,
      cure: `${appUrl}/api/health answers ${health.status}: from there, Ory is not reached. Look at its ORY_SDK_URL.`,
    }
  const page = await ask(`${appUrl}/dashboard`, { headers: { accept: "text/html" } })
  const location = page?.headers.get("location") ?? ""
  const login = location.startsWith("/self-service/") ? appUrl + location : location
  const expected = `${browserOryUrl}/self-service/login/browser?return_to=${encodeURIComponent(`${appUrl}/dashboard`)}`
  return login === expected
    ? { check, ok: true, seen: appUrl }
    : {
        check,
        ok: false,
        cure: `${appUrl}/dashboard sends strangers to "${login}", not to "${expected}". Look at its ORY_SDK_URL and APP_URL.`,
      }
}

/** An answer of any status, no redirect followed; undefined: none within five seconds. */
async function ask(url: string, init: RequestInit = {}): Promise<Response | undefined> {
  return fetch(url, { ...init, redirect: "manual", signal: AbortSignal.timeout(5000) }).catch(() => undefined)
}

async function json(file: string): Promise<unknown> {
  return JSON.parse(await readFile(file, "utf8"))
}
