import { expect, expectSignedIn, signIn, test, openUserMenu } from "./fixtures"
import { createUser, PAGE_LOAD, send, type Answer } from "./http"
import type { Fault } from "./relay"
import { startServers, type Servers } from "./servers"
import { texts } from "./texts"

/** In milliseconds. The gate waits three seconds for Ory, and its response may take one more. */
const TIME_LIMIT = 4000

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
  begin: (servers: Servers) => unknown
  end: (servers: Servers) => unknown
}

const fault = (name: Exclude<Fault, "none">): Outage => ({
  name: `responds with the fault "${name}"`,
  begin: ({ relay }) => (relay.fault = name),
  end: ({ relay }) => (relay.fault = "none"),
})

const outages: Outage[] = [
  { name: "is stopped", begin: ({ ory }) => ory.stopKratos(), end: ({ ory }) => ory.startKratos() },
  {
    name: "accepts connections and never responds",
    begin: ({ ory }) => {
      ory.pauseKratos()
    },
    end: ({ ory }) => {
      ory.resumeKratos()
    },
  },
  { name: "refuses connections", begin: ({ relay }) => relay.stop(), end: ({ relay }) => relay.start() },
  ...(["hang", "slow", "429", "500", "404", "redirect", "html", "garbage", "half"] as const).map(fault),
]

for (const { name, begin, end } of outages)
  test(`while Ory ${name}, the app responds with 503 in time, keeps users signed in, and recovers`, async () => {
    const { cookie, email } = await createUser(servers)
    const loadPage = (): Promise<Answer> =>
      send(servers.appUrl, "/dashboard?tab=1", { headers: { ...PAGE_LOAD, cookie } })
    expect((await loadPage()).status).toBe(200)

    await begin(servers)
    try {
      await test.step("a page load gets the outage page", async () => {
        const before = Date.now()
        const page = await loadPage()
        expect(Date.now() - before).toBeLessThan(TIME_LIMIT)
        expect(page.status).toBe(503)
        expect(page.body).toContain(texts.outage)
        expect(page.headers["retry-after"]).toBe("5")
        expect(page.headers["cache-control"]).toBe("private, no-store")
        expect(page.headers["set-cookie"]).toBeUndefined()
        expect(page.headers.location).toBeUndefined()
      })

      await test.step("router requests get 503, and public pages work", async () => {
        const [fetched, landing] = await Promise.all([
          send(servers.appUrl, "/dashboard", { headers: { cookie, rsc: "1", "sec-fetch-dest": "empty" } }),
          send(servers.appUrl, "/", { headers: { ...PAGE_LOAD, cookie } }),
        ])
        expect(fetched.status).toBe(503)
        expect(fetched.headers.location).toBeUndefined()
        expect(landing.status).toBe(200)
      })

      await test.step("a form that was submitted without JavaScript is redirected to its page", async () => {
        const form = await send(servers.appUrl, "/account", {
          method: "POST",
          headers: { ...PAGE_LOAD, cookie, referer: `${servers.appUrl}/account?tab=1` },
        })
        const { status, headers } = form
        expect([status, headers.location, headers["set-cookie"]]).toEqual([303, "/account?tab=1", undefined])
      })

      await test.step("the sign-in page gets 503 too, unless only session checks fail", async () => {
        const before = Date.now()
        const { status, headers } = await send(servers.appUrl, "/auth/login", { headers: PAGE_LOAD })
        expect(Date.now() - before).toBeLessThan(TIME_LIMIT)
        // The fault "slow" delays every request.
        const onlySessions = name.includes("fault") && !name.includes("slow")
        expect([status, headers["retry-after"]]).toEqual(onlySessions ? [200, undefined] : [503, "5"])
      })
    } finally {
      await end(servers)
    }
    await expect.poll(async () => (await loadPage()).status).toBe(200)
    expect((await loadPage()).body).toContain(email)
  })

test("the outage page keeps the URL and the session, and reloads until Ory is back", async ({ openAs }) => {
  const user = await createUser(servers)
  const page = await openAs(user, servers.appUrl, { expectedErrors: /^503 / })
  await page.goto("/dashboard")
  await expectSignedIn(page, user)
  const cookies = await page.context().cookies()

  await servers.ory.stopKratos()
  expect((await page.goto("/dashboard?tab=1"))?.status()).toBe(503)
  await expect(page.getByRole("heading", { name: texts.outage })).toBeVisible()
  expect(page.url()).toBe(`${servers.appUrl}/dashboard?tab=1`)
  expect(await page.context().cookies()).toEqual(cookies)

  await servers.ory.startKratos()
  await expect(page.getByRole("button", { name: texts.nav.userMenu })).toBeVisible({ timeout: 20_000 })
  await expectSignedIn(page, user)
  expect(page.url()).toBe(`${servers.appUrl}/dashboard?tab=1`)
})

test("the outage page of a sign-in page stays until Ory is back", async ({ openPage }) => {
  const page = await openPage(servers.appUrl, { expectedErrors: /^503 / })
  await servers.ory.stopKratos()
  expect((await page.goto("/auth/login"))?.status()).toBe(503)
  let loads = 0
  page.on("load", () => loads++)
  const polls = [1, 2].map(() => page.waitForResponse((response) => response.url().endsWith("/api/health")))
  await Promise.all(polls)
  await page.waitForTimeout(6000)
  expect(loads).toBe(0)
  await servers.ory.startKratos()
  await expect(page.locator("input[name=identifier]")).toBeVisible({ timeout: 20_000 })
})

test("the sign-in page shows an error while Ory is unreachable, and works again afterwards", async ({ openPage }) => {
  // React reports an error in a server component to the console as number 441.
  const page = await openPage(servers.appUrl, { expectedErrors: /Minified React error #441/ })
  const health = async (): Promise<unknown[]> => {
    const { status, body } = await send(servers.appUrl, "/api/health")
    return [status, JSON.parse(body) as unknown]
  }
  await page.goto("/auth/login?return_to=/account")
  await expect(page).toHaveURL(/flow=/)
  expect(await health()).toEqual([200, { ory: "ok" }])

  await servers.ory.stopKratos()
  // The gate asks Ory for new flows, not for flows that exist. This page had begun when it asked for its flow, so it could not set a status.
  expect((await page.reload())?.status()).toBe(200)
  await expect(page.getByRole("heading", { name: texts.error })).toBeVisible()
  expect(await health()).toEqual([503, { ory: "unavailable" }])

  await servers.ory.startKratos()
  await page.getByRole("button", { name: texts.tryAgain }).click()
  await expect(page.locator("input[name=identifier]")).toBeVisible()
})

test("signing out while Ory is unreachable removes the cookies and explains that the session may still exist", async ({
  openAs,
}) => {
  const user = await createUser(servers)
  const page = await openAs(user, servers.appUrl, { expectedErrors: /^503 / })
  await page.goto("/dashboard")

  await servers.ory.stopKratos()
  await openUserMenu(page)
  await page.getByRole("button", { name: texts.nav.signOut }).click()
  await expect(page.getByRole("heading", { name: texts.signedOutHere })).toBeVisible()
  await servers.ory.startKratos()
  expect((await page.context().cookies()).map(({ name }) => name)).not.toContain("ory_kratos_session")
  await page.goto("/dashboard")
  await signIn(page, user)
  await page.waitForURL("**/dashboard")
})
