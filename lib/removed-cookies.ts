import { cookieName } from "@/lib/ory"
import { snapshotCookie } from "@/lib/sealed"

/**
 * `Set-Cookie` values that remove this app's snapshot and Ory's cookies of this `Cookie` header: from this host and, as Ory may have set
 * a `Domain`, from each parent domain. In the direct topology, cookies that belong to Ory's host alone stay there.
 */
export function removedCookies(cookies: string, appUrl: string): string[] {
  const labels = new URL(appUrl).hostname.split(".")
  const parents = labels.slice(0, -1).map((_, index) => `; Domain=${labels.slice(index).join(".")}`)
  const secure = appUrl.startsWith("https://") ? "; Secure" : ""
  const names = cookies.split("; ").map(cookieName)
  const ofOry = names
    .filter((name) => name !== "")
    .flatMap((name) =>
      ["", ...parents].map((domain) => `${name}=; Path=/; Max-Age=0${domain}; HttpOnly; SameSite=Lax${secure}`),
    )
  return [snapshotCookie(appUrl, "", 0), ...ofOry]
}
