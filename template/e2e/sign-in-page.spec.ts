import type { Page } from "playwright/test"
import { expect, settle, signIn, test } from "../../e2e/fixtures"
import { createUser, PAGE_LOAD, send } from "../../e2e/http"
import type { Servers, ServersOptions } from "../../e2e/servers"
import { texts } from "../../e2e/texts"

/** Sign-in pages in one request, in each topology, and the number of flows that they create. */

/** Requests that create a login flow. Each costs Ory a row. */
const created = (servers: Servers): number =>
  servers.relay.seen.filter((line) => line.startsWith("GET /self-service/login/browser")).length

async function documents(page: Page, act: () => Promise<unknown>): Promise<number> {
  let count = 0
  page.on("request", (request) => request.isNavigationRequest() && count++)
  await act()
  return count
}

const siblings: ServersOptions = { tls: true, siblings: true }

for (const [name, options] of [
  ["on one host", {}],
  ["on hosts of one domain, with cookies.domain", { ...siblings, kratos: { COOKIES_DOMAIN: "example.test" } }],
  ["same-origin", { network: true, app: { ORY_PROXY: "on" } }],
  ["same-origin, with a Kratos whose base URL is the app", { behindApp: true, app: { ORY_PROXY: "on" } }],
] as [string, ServersOptions][])
  test(`${name}, a direct visit is one document and one flow, and signs in`, async ({ openPage, ownServers }) => {
    const servers = await ownServers(options)
    const user = await createUser(servers)
    const page = await openPage(servers.appUrl)
    // In the same-origin topology, the first visit also finds out which URLs Ory allows.
    await send(servers.plainUrl, "/auth/login", { headers: { ...PAGE_LOAD, host: new URL(servers.appUrl).host } })
    servers.relay.seen.length = 0
    expect(
      await documents(page, async () => {
        await page.goto("/auth/login?return_to=/account")
        await expect(page).toHaveURL(/flow=/)
        await settle(page)
      }),
    ).toBe(1)
    expect(created(servers)).toBe(1)
    await signIn(page, { ...user, password: "wrong" })
    await expect(page.getByText(/credentials are invalid/)).toBeVisible()
    await signIn(page, user)
    await page.waitForURL(`${servers.appUrl}/account`)
  })

for (const [name, kratos] of [
  ["without a cookie domain", {}],
  ["with session.cookie.domain alone", { SESSION_COOKIE_DOMAIN: "example.test" }],
] as const)
  test(`on hosts of one domain ${name}, the browser gets its flow from Ory`, async ({ openPage, ownServers }) => {
    const servers = await ownServers({ ...siblings, kratos })
    const host = new URL(servers.appUrl).host
    const response = await send(servers.plainUrl, "/auth/login", { headers: { ...PAGE_LOAD, host } })
    expect([response.status, response.headers["set-cookie"]]).toEqual([303, undefined])
    expect(response.headers.location).toContain(`${servers.oryUrl}/self-service/login/browser`)
    const page = await openPage(servers.appUrl)
    await page.goto("/auth/login")
    await expect(page.getByRole("heading", { name: texts.cookiesNotKept })).toBeVisible()
    // The gate created one flow, and the browser another.
    expect(created(servers)).toBe(2)
  })

test("a visitor, a crawler and a prefetch create no more flows than with a redirect", async ({
  openAs,
  openPage,
  ownServers,
}) => {
  const servers = await ownServers()
  const cost = async (act: () => Promise<unknown>): Promise<number> => {
    servers.relay.seen.length = 0
    await act()
    return created(servers)
  }
  /** Follows redirects, like a crawler that keeps no cookies. */
  const crawl = async (headers: Record<string, string>): Promise<void> => {
    for (let url = new URL("/auth/login", servers.appUrl), hops = 0; hops < 5; hops++) {
      const response = await send(url.origin, url.pathname + url.search, { headers })
      if (response.headers.location === undefined) return
      url = new URL(response.headers.location, url)
    }
  }
  const page = await openPage(servers.appUrl)
  const visit = async (): Promise<void> => {
    await page.goto("/auth/login")
    await expect(page).toHaveURL(/flow=/)
    await settle(page)
  }
  const signedInPage = await openAs(await createUser(servers), servers.appUrl)
  expect({
    visitor: await cost(visit),
    reload: await cost(() => page.reload()),
    crawler: await cost(() => crawl({ accept: "text/html" })),
    "crawler that looks like a browser": await cost(() => crawl(PAGE_LOAD)),
    "prefetch by the browser": await cost(() => crawl({ ...PAGE_LOAD, "sec-purpose": "prefetch" })),
    "fetch by the router": await cost(() =>
      send(servers.appUrl, "/auth/login", { headers: { accept: "*/*", "sec-fetch-dest": "empty", rsc: "1" } }),
    ),
    "signed-in user": await cost(() => signedInPage.goto("/auth/login")),
  }).toEqual({
    visitor: 1,
    reload: 0,
    crawler: 1,
    "crawler that looks like a browser": 1,
    "prefetch by the browser": 0,
    "fetch by the router": 0,
    "signed-in user": 1,
  })
})
