import type { Browser, BrowserContext, Page } from "playwright/test"
import { expect, signIn, test } from "./fixtures"
import { browserCookies, PAGE_LOAD, send, signedIn, type SignedIn } from "./http"
import type { Fault } from "./relay"
import { startServers, type Servers } from "./servers"

/** The gate gives Ory three seconds; a person may wait one more. */
const PATIENCE = 4000

test.describe.configure({ mode: "serial" })

let servers: Servers
test.beforeAll(async () => {
  servers = await startServers({ app: { SESSION_CACHE_SECONDS: "0" } })
})
test.afterAll(async () => {
  await servers.stop()
})

interface Outage {
  name: string
  begin: (servers: Servers) => Promise<unknown>
  end: (servers: Servers) => Promise<unknown>
}

const fault = (name: Exclude<Fault, "none">): Outage => ({
  name: `answers with ${name}`,
  begin: async ({ relay }) => (relay.fault = await Promise.resolve(name)),
  end: async ({ relay }) => (relay.fault = await Promise.resolve("none")),
})

const outages: Outage[] = [
  { name: "is stopped", begin: ({ ory }) => ory.stopKratos(), end: ({ ory }) => ory.startKratos() },
  {
    name: "takes connections and never answers",
    begin: async ({ ory }) => {
      ory.pauseKratos()
      await Promise.resolve()
    },
    end: async ({ ory }) => {
      ory.resumeKratos()
      await Promise.resolve()
    },
  },
  { name: "is not even there", begin: ({ relay }) => relay.stop(), end: ({ relay }) => relay.start() },
  ...(["hang", "slow", "429", "500", "404", "redirect", "html", "garbage", "half"] as const).map(fault),
]

for (const { name, begin, end } of outages)
  test(`while Ory ${name}: 503 in time, no sign-out, no login redirect, and on again afterwards`, async () => {
    const { cookie, email } = await signedIn(servers.oryUrl, servers.ory.adminUrl)
    const page = (): ReturnType<typeof send> =>
      send(servers.appUrl, "/dashboard?tab=1", { headers: { ...PAGE_LOAD, cookie } })
    expect((await page()).status).toBe(200)

    await begin(servers)
    try {
      const before = Date.now()
      const answer = await page()
      expect(Date.now() - before).toBeLessThan(PATIENCE)
      expect(answer.status).toBe(503)
      expect(answer.body).toContain("Back in a moment")
      expect(answer.headers["retry-after"]).toBe("5")
      expect(answer.headers["cache-control"]).toBe("private, no-store")
      expect(answer.headers["set-cookie"]).toBeUndefined()
      expect(answer.headers.location).toBeUndefined()

      const [api, fetched, landing] = await Promise.all([
        send(servers.appUrl, "/api/me", { headers: { cookie } }),
        send(servers.appUrl, "/dashboard", { headers: { cookie, rsc: "1", "sec-fetch-dest": "empty" } }),
        send(servers.appUrl, "/", { headers: { ...PAGE_LOAD, cookie } }),
      ])
      expect(api.status).toBe(503)
      expect(JSON.parse(api.body)).toMatchObject({ error: { code: "ory_unavailable" } })
      expect(fetched.status).toBe(503)
      expect(fetched.headers.location).toBeUndefined()
      expect(landing.status).toBe(200)
      // A form that no script sends comes to its page again, which says the rest.
      const form = await send(servers.appUrl, "/account", {
        method: "POST",
        headers: { ...PAGE_LOAD, cookie, referer: `${servers.appUrl}/account?tab=1` },
      })
      expect([form.status, form.headers.location, form.headers["set-cookie"]]).toEqual([
        303,
        "/account?tab=1",
        undefined,
      ])
      // Beginning to sign in is between browser and Ory.
      expect((await send(servers.appUrl, "/auth/login", { headers: PAGE_LOAD })).status).toBe(307)
    } finally {
      await end(servers)
    }
    await expect.poll(async () => (await page()).status).toBe(200)
    expect((await page()).body).toContain(email)
  })

/** A browser in which someone is signed in and looks at the dashboard. */
async function open(browser: Browser): Promise<{ context: BrowserContext; page: Page; person: SignedIn }> {
  const person = await signedIn(servers.oryUrl, servers.ory.adminUrl)
  const context = await browser.newContext({ baseURL: servers.appUrl })
  await context.addCookies(browserCookies(person, servers.appUrl))
  const page = await context.newPage()
  await page.goto("/dashboard")
  await expect(page.getByRole("main")).toContainText(person.email)
  return { context, page, person }
}

test("the page that says so keeps its address, comes back by itself, and nobody has to sign in again", async ({
  browser,
}) => {
  const { context, page, person } = await open(browser)
  const cookies = await context.cookies()

  await servers.ory.stopKratos()
  const answer = await page.goto("/dashboard?tab=1")
  expect(answer?.status()).toBe(503)
  await expect(page.getByRole("heading", { name: "Back in a moment" })).toBeVisible()
  expect(page.url()).toBe(`${servers.appUrl}/dashboard?tab=1`)
  expect(await context.cookies()).toEqual(cookies)

  await servers.ory.startKratos()
  await expect(page.getByRole("main")).toContainText(person.email, { timeout: 20_000 })
  expect(page.url()).toBe(`${servers.appUrl}/dashboard?tab=1`)
  await context.close()
})

test("a sign-in page that is open already says that it did not work, and does when Ory is back", async ({
  browser,
}) => {
  const page = await browser.newPage({ baseURL: servers.appUrl })
  await page.goto("/auth/login?return_to=/account")
  const health = async (): Promise<unknown[]> => {
    const { status, body } = await send(servers.appUrl, "/api/health")
    return [status, JSON.parse(body) as unknown]
  }
  expect(await health()).toEqual([200, { ory: "ok" }])

  await servers.ory.stopKratos()
  const answer = await page.reload()
  expect(answer?.status()).toBe(500)
  await expect(page.getByRole("heading", { name: "Something went wrong" })).toBeVisible()
  expect(await health()).toEqual([503, { ory: "unavailable" }])

  await servers.ory.startKratos()
  await page.getByRole("button", { name: "Try again" }).click()
  await expect(page.getByRole("textbox", { name: "Email" })).toBeVisible()
  await page.close()
})

test("signing out while Ory does not answer ends in this browser, and says what could not be done", async ({
  browser,
}) => {
  const { context, page, person } = await open(browser)

  await servers.ory.stopKratos()
  await page.getByRole("button", { name: "Sign out" }).click()
  await expect(page.getByRole("heading", { name: "You are signed out in this browser" })).toBeVisible()
  await servers.ory.startKratos()
  expect((await context.cookies()).map(({ name }) => name)).not.toContain("ory_kratos_session")
  await page.goto("/dashboard")
  await signIn(page, person)
  await page.waitForURL("**/dashboard")
  await context.close()
})
