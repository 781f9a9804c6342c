import { env } from "@/lib/env"
import { log } from "@/lib/log"
import { isFlowCookie, isSessionCookie } from "@/lib/ory"

/**
 * Redirect loops happen when Ory sees a session that this app does not see, because the cookie does not reach this app. The gate
 * redirects the browser to Ory's login, and Ory redirects it back at once.
 */

/** From this redirect on, Ory returns to `/auth/no-session`, which ends a loop. */
const LIMIT = 3

/** Lifetime of the count. Each round of a loop takes less than a second. */
const SECONDS = 10

/**
 * Counts the gate's recent redirects of this browser to Ory's login. A browser that opens many tabs reaches the limit too. There,
 * signing in still works: `/auth/no-session` continues to the page, and only a loop ends at its message.
 */
export function countRedirect(cookieHeader: string | null, appUrl: string): { mayLoop: boolean; setCookie: string } {
  const https = appUrl.startsWith("https://")
  const name = `${https ? "__Host-" : ""}login_redirects`
  const before =
    cookieHeader
      ?.split(/;\s*/)
      .find((pair) => pair.startsWith(`${name}=`))
      ?.slice(name.length + 1) ?? "0"
  const count = /^\d$/.test(before) ? Math.min(Number(before) + 1, LIMIT) : 1
  const setCookie = `${name}=${count}; Path=/; Max-Age=${SECONDS}; HttpOnly; SameSite=Lax${https ? "; Secure" : ""}`
  return { mayLoop: count === LIMIT, setCookie }
}

/** Most cookie names in one line of the log. Anyone can send cookies, so the line must stay short. */
const MAX_NAMES = 30

/**
 * Logs why Ory's cookies are missing or invalid: the cookies that this app expects, those that the browser sent (names only), the
 * likely causes and their cures.
 *
 * @param expected The missing cookie: the session, or the CSRF cookie of a flow.
 * @returns The same lines. They name settings of the deployment, so show them in development only.
 */
export function logMissingCookies(expected: "session" | "flow", cookieHeader: string | null, appUrl: string): string[] {
  const names = cookieNames(cookieHeader)
  const session = env.sessionCookie ?? "ory_kratos_session, or ory_session_… of Ory Network"
  const lines = [
    expected === "session"
      ? `A browser came back from Ory's login to ${appUrl} without a valid session.`
      : `A browser opened a flow at ${appUrl} without the CSRF cookie that Ory set for it.`,
    `Expected: ${expected === "session" ? session : "csrf_token_…"}. The browser sent: ${names.join(", ") || "no cookies"}.`,
    ...causes(expected, names, appUrl).map((cause) => `- ${cause}`),
  ]
  const event = expected === "session" ? "session_cookie_missing" : "flow_cookie_missing"
  log("error", event, lines.join("\n  "), { app: appUrl, received: names.join(" ") })
  return lines
}

function causes(expected: "session" | "flow", names: readonly string[], appUrl: string): string[] {
  const [app, ory] = [new URL(appUrl).hostname, new URL(env.oryUrl).hostname]
  const rejected = names.filter(isSessionCookie)
  if (expected === "session" && rejected.length > 0)
    return [
      `Ory at ${env.oryUrl} has no session for ${rejected.join(", ")}. If browsers sign in at another Ory, correct ORY_SDK_URL.`,
      `A cookie of this name from an earlier configuration may hide the valid one. Delete the cookies of ${app} in the browser.`,
    ]
  // A flow's cookie of the same Ory arrives, so only the session cookie is lost.
  if (expected === "session" && names.some(isFlowCookie)) {
    const others = names.filter(
      (name) => !isFlowCookie(name) && !/^(__Host-)?(session_snapshot|login_redirects)$/.test(name),
    )
    return [
      `Ory's session cookie has another name (Kratos: session.cookie.name). Set ORY_SESSION_COOKIE to it${others.length > 0 ? `, perhaps ${others.join(" or ")}` : ""}.`,
      `Ory's session cookie has a domain that does not cover ${app} (Kratos: session.cookie.domain). Remove that setting, or set it to the value of cookies.domain.`,
    ]
  }
  return [
    ...(env.topology === "direct" && app !== ory
      ? [
          `Ory's cookies do not cover ${app}. Set cookies.domain in Kratos to a domain that ${ory} and ${app} share (Ory Network: the cookie domain of the custom domain), or set ORY_PROXY=on here.`,
        ]
      : []),
    `The address bar shows another address than ${appUrl}. Set APP_URL to what it shows.`,
    "A proxy in front of this app removes cookies, or the browser blocks them.",
  ]
}

/** The names in a `Cookie` header, never the values. Skips names that no cookie can have. */
function cookieNames(header: string | null): string[] {
  const names = (header ?? "").split(";").map((pair) => /^\s*([\w!#$%&'*+.^`|~-]{1,100})=/.exec(pair)?.[1])
  return names.filter((name) => name !== undefined).slice(0, MAX_NAMES)
}
