import { currentRequest } from "@/lib/current-request"
import { deleteAccount } from "@/lib/delete-account"
import { env } from "@/lib/env"
import { pageTexts } from "@/lib/language"
import { removedCookies } from "@/lib/removed-cookies"
import { paths } from "@/lib/routes"
import { NO_STORE } from "@/lib/security-headers"
import { checkRequest } from "@/lib/session"

/**
 * Deletes the account of the user who typed their address into the form of `/account/delete`, removes the snapshot and Ory's cookies, and
 * shows a page that confirms it. A route handler, because a server action can't remove one cookie from several domains.
 */
export async function POST(request: Request): Promise<Response> {
  const { appUrl, flowCookies } = await currentRequest()
  const redirect = (path: string, cookies: readonly string[] = []): Response => {
    const headers = new Headers({ ...NO_STORE, location: appUrl + path })
    for (const cookie of cookies) headers.append("set-cookie", cookie)
    return new Response(null, { status: 303, headers })
  }
  if (env.oryAdminUrl === undefined) return new Response(null, { status: 404, headers: NO_STORE })

  // The gate has sent the user to sign in before it showed the form. It does so again if that was too long ago.
  const { session, denied } = await checkRequest({ maxAgeSeconds: 900 })
  if (denied?.code === "cross_site_request")
    return new Response((await pageTexts()).notices.crossSiteForm, { status: 403, headers: NO_STORE })
  if (denied) return redirect(paths.deleteAccount)

  const { id, traits } = session.identity
  const form = await request.formData().catch(() => undefined)
  const problem = form?.get("address") === (traits.email ?? id) ? await deleteAccount(id) : "address"
  if (problem !== undefined) return redirect(`${paths.deleteAccount}?problem=${problem}`)
  return redirect(paths.accountDeleted, removedCookies(flowCookies, appUrl))
}
