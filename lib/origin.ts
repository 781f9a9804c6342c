/**
 * Whether a request that changes state was sent by this app's own pages, going by what the browser says of it. Every POST
 * handler asks. A client that says nothing (no browser) carries no cookies that it was not given, but is refused as well.
 *
 * https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
 */
export function isSameOrigin(headers: Headers, appUrl: string): boolean {
  return headers.get("origin") === appUrl
}
