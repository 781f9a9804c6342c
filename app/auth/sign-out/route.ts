import { appUrl } from "@/lib/env"
import { flowCookies, ory, sessionCookies } from "@/lib/ory"
import { forBrowser, forOry } from "@/lib/ory-proxy"
import { isSameOrigin } from "@/lib/origin"
import { snapshotCookie } from "@/lib/sealed"

/**
 * Signs out: redirects to Ory's logout, which revokes the session and returns to the landing page. The snapshot is always
 * removed. If Ory is unreachable, this removes the session cookies from the browser and shows a page that says so.
 */
export async function POST(request: Request): Promise<Response> {
  const app = appUrl(request.headers.get("host"))
  if (!isSameOrigin(request.headers, app))
    return new Response("This form was sent from another site. Sign out on the page itself.", { status: 403 })

  const header = request.headers.get("cookie")
  const headers = new Headers({ "cache-control": "private, no-store" })
  headers.append("set-cookie", snapshotCookie(app, "", 0))

  const logout = sessionCookies(header) === "" ? "signed out" : await logoutUrl(flowCookies(header), app)
  if (logout instanceof URL) headers.set("location", logout.href)
  else {
    for (const cookie of forget(sessionCookies(header), app)) headers.append("set-cookie", cookie)
    headers.set("location", logout === "signed out" ? `${app}/` : `${app}/auth/signed-out`)
  }
  return new Response(null, { status: 303, headers })
}

/** The logout URL of this session, or why there is none. */
async function logoutUrl(cookie: string, app: string): Promise<URL | "signed out" | "unavailable"> {
  try {
    const { status, data } = await ory.createBrowserLogoutFlow({ cookie, returnTo: await forOry(`${app}/`) })
    if (status === 401) return "signed out"
    if (status !== 200) return "unavailable"
    return new URL(forBrowser(data.logout_url, app))
  } catch {
    return "unavailable"
  }
}

/** `Set-Cookie` values that remove Ory's session cookies from this host and, as Ory may have set a `Domain`, from each parent domain. */
function forget(cookies: string, app: string): string[] {
  const labels = new URL(app).hostname.split(".")
  const parents = labels.slice(0, -1).map((_, index) => `; Domain=${labels.slice(index).join(".")}`)
  const secure = app.startsWith("https://") ? "; Secure" : ""
  return cookies
    .split("; ")
    .filter((pair) => pair !== "")
    .flatMap((pair) =>
      ["", ...parents].map(
        (domain) => `${pair.split("=", 1)[0]}=; Path=/; Max-Age=0${domain}; HttpOnly; SameSite=Lax${secure}`,
      ),
    )
}
