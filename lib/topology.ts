/** Where the browser reaches Ory: at Ory's own origin, or through this app (`lib/ory-proxy.ts`). */
export type Topology = "direct" | "same-origin"

/** Whether a host belongs to Ory Network. No app can be under this domain, so no cookies can be shared with one. */
export function isOryNetwork(hostname: string): boolean {
  return hostname.endsWith(".projects.oryapis.com")
}

/**
 * Why browsers would not send Ory's cookies to this app, and what to do. Undefined when they send them.
 *
 * @param domainOf The shortest domain on which a host can set cookies. The default doesn't know suffixes such as `co.uk`: the list
 * of them is too large for the gate. `npm run doctor` uses the list.
 */
export function topologyProblem(
  topology: Topology,
  oryUrl: string,
  appUrl: string,
  domainOf: (hostname: string) => string = lastTwoLabels,
): string | undefined {
  if (oryUrl === appUrl) return `ORY_SDK_URL is ${oryUrl}, which is this app's own origin. Set it to the origin of Ory.`
  if (topology === "same-origin") return undefined
  const why = cookieProblem(new URL(oryUrl), new URL(appUrl), domainOf)
  return why && `ORY_SDK_URL is ${oryUrl} and this app is at ${appUrl}: ${why}`
}

/** Cookies depend on scheme and domain, not on the port. https://developer.mozilla.org/docs/Glossary/Site */
function cookieProblem(ory: URL, app: URL, domainOf: (hostname: string) => string): string | undefined {
  const proxy = "or set ORY_PROXY=on so that the browser reaches Ory through this app."
  if (ory.protocol !== app.protocol)
    return `browsers treat http and https as different sites and don't share cookies between them. Use https for both, ${proxy}`
  if (ory.hostname === app.hostname) return undefined
  const hosts = [ory.hostname, app.hostname]
  const loopback = hosts.find((hostname) => ["127.0.0.1", "[::1]"].includes(hostname))
  if (loopback !== undefined && hosts.includes("localhost"))
    return `browsers don't share cookies between the two. Write localhost instead of ${loopback}.`
  if (domainOf(ory.hostname) === domainOf(app.hostname)) return undefined
  return `they share no domain, so browsers don't share cookies between them. Give Ory a domain beside the app's, such as auth.example.com beside app.example.com, ${proxy}`
}

/** An IP address has no parent domain. */
function lastTwoLabels(hostname: string): string {
  return /^\[|(^|\.)\d+$/.test(hostname) ? hostname : hostname.split(".").slice(-2).join(".")
}
