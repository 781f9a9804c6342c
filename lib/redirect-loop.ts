import { env } from "@/lib/env"
import { isFlowCookie, isSessionCookie } from "@/lib/ory"

/**
 * Redirect loops: the browser has a session at Ory whose cookie does not reach this app, or not as Ory knows it. The gate sends
 * the browser to Ory's login, and Ory, which sees a session, sends it straight back.
 */

/** From this redirect on, the way back leads over `/auth/no-session`, which ends a loop. */
const LIMIT = 3

/** How long the count lasts. A loop takes less than a second for each round. */
const SECONDS = 10

/**
 * Counts how often the gate has just redirected this browser to Ory's login. A count proves no loop, since a browser with many
 * tabs has one as well: signing in works all the same, and only a loop ends at the message.
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

/** Enough for any browser, and few enough for a log that anybody can write to by sending cookies. */
const MAX_NAMES = 30

/**
 * Logs why Ory's cookies are missing here, or are not valid here: what this app expects, what the browser sent (names only), the
 * likely causes and their cures.
 *
 * @param expected What is missing: the session, or the CSRF cookie of a flow.
 * @returns The same lines. They name settings of the deployment: show them in development only.
 */
export function logMissingCookies(expected: "session" | "flow", cookieHeader: string | null, appUrl: string): string[] {
  const names = cookieNames(cookieHeader)
  const session = env.sessionCookie ?? "ory_kratos_session, or ory_session_… of Ory Network"
  const lines = [
    expected === "session"
      ? `A browser came back from Ory's login to ${appUrl} without a valid session.`
      : `A browser opened a flow that Ory began for it at ${appUrl}, without the flow's CSRF cookie.`,
    `Expected: ${expected === "session" ? session : "csrf_token_…"}. The browser sent: ${names.join(", ") || "no cookies"}.`,
    ...causes(expected, names, appUrl).map((cause) => `- ${cause}`),
  ]
  console.error(lines.join("\n  "))
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
  // The session cookie gets lost although the flow's cookie, of the same Ory, arrives.
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

/** Never values; and of what clients made up, only what a cookie's name may be. */
function cookieNames(header: string | null): string[] {
  const names = (header ?? "").split(";").map((pair) => /^\s*([\w!#$%&'*+.^`|~-]{1,100})=/.exec(pair)?.[1])
  return names.filter((name) => name !== undefined).slice(0, MAX_NAMES)
}
