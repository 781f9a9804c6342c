import { currentRequest } from "@/lib/current-request"
import { pageTexts } from "@/lib/language"
import { ory } from "@/lib/ory"
import { forBrowser, forOry } from "@/lib/ory-proxy"
import { isSameOrigin, type AppRequest } from "@/lib/request"
import { paths } from "@/lib/routes"
import { removedCookies } from "@/lib/removed-cookies"
import { NO_STORE } from "@/lib/security-headers"

/**
 * Signs out: redirects to Ory's logout, which revokes the session and returns to the landing page. The snapshot is always
 * removed. If Ory is unreachable, this removes the session cookies from the browser and shows a page that says so.
 */
export async function POST(): Promise<Response> {
  const request = await currentRequest()
  const { appUrl } = request
  if (!isSameOrigin(request)) return new Response((await pageTexts()).notices.crossSiteForm, { status: 403 })

  const headers = new Headers(NO_STORE)
  const logout = await logoutUrl(request)
  const removed = logout instanceof URL ? "" : request.sessionCookies
  for (const cookie of removedCookies(removed, appUrl)) headers.append("set-cookie", cookie)
  if (logout instanceof URL) headers.set("location", logout.href)
  else headers.set("location", appUrl + (logout === "signed out" ? paths.home : paths.signedOut))
  return new Response(null, { status: 303, headers })
}

/** Ory's logout URL for this session. A text says why Ory returned no URL. */
async function logoutUrl({
  appUrl,
  sessionCookies,
  flowCookies,
}: AppRequest): Promise<URL | "signed out" | "unavailable"> {
  if (sessionCookies === "") return "signed out"
  try {
    const returnTo = await forOry(appUrl + paths.home)
    const { status, data } = await ory.createBrowserLogoutFlow({ cookie: flowCookies, returnTo })
    if (status === 401) return "signed out"
    if (status !== 200) return "unavailable"
    return new URL(forBrowser(data.logout_url, appUrl))
  } catch {
    return "unavailable"
  }
}
