import type { BrowserContext, Page } from "playwright/test"
import {
  codeFor,
  expect,
  expectSignedIn,
  settle,
  signIn,
  signOut,
  submitRegistration,
  test,
  verifyAddress,
} from "../../e2e/fixtures"
import { browserCookies, createUser, extendSession, PAGE_LOAD, send } from "../../e2e/http"
import { startServers, type Servers, type ServersOptions } from "../../e2e/servers"
import { texts } from "../../e2e/texts"

/**
 * A redirect loop happens when the browser has a session at Ory whose cookie does not reach this app. The app ends the loop at a page
 * that says so. Normal use never leads to that page.
 */

const siblings: ServersOptions = { tls: true, siblings: true }
const sharedDomain = { COOKIES_DOMAIN: "example.test" }

/** The app logs this text when it ends a redirect loop. */
const LOOP_ENDED = "without a valid session"

for (const [name, options, fix] of [
  [
    "a renamed session cookie",
    { kratos: { SESSION_COOKIE_NAME: "my_session" } },
    "Set ORY_SESSION_COOKIE to it, perhaps my_session.",
  ],
  [
    "a session cookie for Ory's host only",
    { ...siblings, kratos: { ...sharedDomain, SESSION_COOKIE_DOMAIN: "auth.example.test" } },
    "session.cookie.domain",
  ],
] as const)
  test(`${name} ends at a message for the user, and the log names the fix`, async ({ openPage, ownServers }) => {
    const servers = await ownServers(options)
    const user = await createUser(servers)
    const page = await openPage(servers.appUrl, { expectedErrors: /^401 / })
    const message = page.getByRole("heading", { name: texts.signInDidNotArrive })

    await test.step("signing in ends at the message, which shows no technical details", async () => {
      await page.goto("/account?tab=1")
      await signIn(page, user)
      await expect(message).toBeVisible()
      const returnTo = encodeURIComponent(`${servers.appUrl}/account?tab=1`)
      expect(page.url()).toBe(`${servers.appUrl}/auth/no-session?return_to=${returnTo}`)
      expect(await page.locator("body").innerText()).not.toMatch(/ory_|kratos|cookie_|csrf|ORY_/i)
    })

    // The app counts redirects for ten seconds.
    for (const wait of [0, 11_000])
      await test.step(`another attempt after ${wait} ms ends there as well`, async () => {
        await page.waitForTimeout(wait)
        const response = page.waitForResponse((response) => response.status() === 401)
        await page.getByRole("link", { name: texts.tryAgain }).click()
        expect(new URL((await response).url()).pathname).toBe("/auth/no-session")
        await expect(message).toBeVisible()
      })
    expect((await page.reload())?.status()).toBe(401)

    await test.step("the log names the expected cookie, the received ones and the fix, but no cookie value", async () => {
      const log = servers.appLog.join("\n")
      expect(log).toContain("Expected: ory_kratos_session, or ory_session_… of Ory Network.")
      expect(log).toMatch(/The browser sent: .*csrf_token_/)
      expect(log).toContain(fix)
      for (const { name, value } of await page.context().cookies())
        if (value.length > 5) expect(log, name).not.toContain(value)
    })
  })

test("with ORY_SESSION_COOKIE, a renamed session cookie signs in, is renewed, and signs out", async ({
  openPage,
  ownServers,
}) => {
  const servers = await ownServers({
    kratos: { SESSION_COOKIE_NAME: "my_session", SESSION_EARLIEST_POSSIBLE_EXTEND: "8760h" },
    app: { ORY_SESSION_COOKIE: "my_session" },
  })
  const user = await createUser(servers)
  const page = await openPage(servers.appUrl)
  await page.goto("/account")
  await signIn(page, user)
  await page.waitForURL(`${servers.appUrl}/account`)
  await extendSession(user.sessionId, servers.ory.adminUrl)
  const renewed = await send(servers.appUrl, "/account", { headers: { ...PAGE_LOAD, cookie: user.cookie } })
  expect(renewed.headers["set-cookie"]?.join()).toContain("my_session=")
  await signOut(page)
  expect((await page.context().cookies()).map(({ name }) => name)).not.toContain("my_session")
  // The app ignores a cookie with Ory's usual name.
  const usual = user.cookie.replace("my_session=", "ory_kratos_session=")
  expect((await send(servers.appUrl, "/api/me", { headers: { cookie: usual } })).status).toBe(401)
})

test("with ORY_SESSION_COOKIE and ORY_PROXY, a renamed session cookie signs in and out", async ({
  openPage,
  ownServers,
}) => {
  const servers = await ownServers({
    network: true,
    kratos: { SESSION_COOKIE_NAME: "my_session" },
    app: { ORY_PROXY: "on", ORY_SESSION_COOKIE: "my_session" },
  })
  const page = await openPage(servers.appUrl)
  await page.goto("/dashboard")
  await signIn(page, await createUser(servers))
  await page.waitForURL(`${servers.appUrl}/dashboard`)
  await signOut(page)
})

test("without cookies.domain, Ory on a sibling domain leads to a message about cookies, and the log names the setting", async ({
  openPage,
  ownServers,
}) => {
  const servers = await ownServers(siblings)
  const page = await openPage(servers.appUrl)
  await page.goto("/dashboard")
  await expect(page.getByRole("heading", { name: texts.cookiesNotKept })).toBeVisible()
  const log = servers.appLog.join("\n")
  expect(log).toContain("without the CSRF cookie that Ory set for it.")
  expect(log).toContain("Set cookies.domain in Kratos to a domain that auth.example.test and app.example.test share")
})

test("with cookies.domain, sign-in, refresh and sign-out work with Ory on a sibling domain", async ({
  openPage,
  ownServers,
}) => {
  const servers = await ownServers({ ...siblings, kratos: sharedDomain })
  const user = await createUser(servers)
  const page = await openPage(servers.appUrl)

  await test.step("sign in", async () => {
    await page.goto("/account?tab=1")
    await signIn(page, user)
    await page.waitForURL(`${servers.appUrl}/account?tab=1`)
    for (const { name, domain, secure } of await page.context().cookies()) {
      const expected = name.startsWith("__Host-") ? "app.example.test" : ".example.test"
      expect([name, domain, secure]).toEqual([name, expected, true])
    }
  })
  await test.step("refresh", async () => {
    await page.goto("/api/refresh-session?return_to=/dashboard")
    await signIn(page, user)
    await page.waitForURL(`${servers.appUrl}/dashboard`)
  })
  await signOut(page)
  expect(servers.appLog.join("\n")).not.toContain("CSRF cookie")
})

/** Visits a protected page this many times. After three redirects, the way back leads over the page that ends loops. */
async function getRedirected(context: BrowserContext, times = 3): Promise<void> {
  for (let time = 0; time < times; time++) {
    const page = await context.newPage()
    await page.goto(`/dashboard?visit=${time}`)
    await page.waitForURL("**/auth/login**")
    await page.close()
  }
  const count = (await context.cookies()).find(({ name }) => name === "login_redirects")?.value
  expect(count).toBe(String(Math.min(times, 3)))
}

/** Goes back or forward in the history. Playwright's own method waits for an event that a page from the bfcache does not send. */
async function travel(page: Page, delta: number, pathname: string): Promise<void> {
  // The page may be gone before it returns.
  await page
    .evaluate((delta) => {
      history.go(delta)
    }, delta)
    .catch(() => undefined)
  await expect.poll(() => new URL(page.url()).pathname).toBe(pathname)
}

test.describe("normal use does not end at the loop page", () => {
  test.describe.configure({ mode: "default" })

  let servers: Servers
  test.beforeAll(async () => {
    servers = await startServers()
  })
  test.afterAll(async () => {
    await servers.stop()
  })
  test.afterEach(() => {
    expect(servers.appLog.join("\n")).not.toContain(LOOP_ENDED)
  })

  for (const visitedBefore of [true, false])
    test(`six tabs of a browser ${visitedBefore ? "with" : "without"} Ory's CSRF cookie sign in at once`, async ({
      openPage,
    }) => {
      const last = await openPage(servers.appUrl)
      const context = last.context()
      const user = await createUser(servers)
      if (visitedBefore) await getRedirected(context, 1)
      const tabs = [...(await Promise.all(Array.from({ length: 5 }, () => context.newPage()))), last]
      await Promise.all(tabs.map((tab, index) => tab.goto(`/dashboard?tab=${index}`)))
      // In a new browser the tabs overwrite each other's CSRF cookie. Ory then starts a new flow, without the requested page.
      await last.goto("/dashboard?tab=5")
      await signIn(last, user)
      await last.waitForURL((url) => (visitedBefore ? url.search === "?tab=5" : true) && url.pathname === "/dashboard")
      for (const [index, tab] of tabs.entries()) {
        await tab.goto(`/dashboard?tab=${index}`)
        await expectSignedIn(tab, user)
      }
    })

  test("a user who left the sign-in page four times signs in the fifth time", async ({ openPage }) => {
    const page = await openPage(servers.appUrl)
    for (let time = 0; time < 4; time++) {
      await page.goto("/account?tab=1")
      await page.waitForURL("**/auth/login**")
      await page.goto("/")
    }
    await page.goto("/account?tab=1")
    await signIn(page, await createUser(servers))
    await page.waitForURL(`${servers.appUrl}/account?tab=1`)
  })

  test("going back and forward over the sign-in page shows its form, or the requested page once signed in", async ({
    openPage,
  }) => {
    const page = await openPage(servers.appUrl)
    const user = await createUser(servers)
    const password = page.locator("input[name=password]")

    await test.step("signed out", async () => {
      await page.goto("/")
      for (let time = 0; time < 4; time++) {
        await page.goto("/dashboard?tab=1")
        await expect(password).toBeVisible()
        await travel(page, -1, "/")
      }
      await travel(page, 1, "/auth/login")
      await expect(password).toBeVisible()
      await travel(page, -1, "/")
    })

    await test.step("after the sign-in", async () => {
      await page.goto("/dashboard?tab=1")
      await signIn(page, user)
      await page.waitForURL(`${servers.appUrl}/dashboard?tab=1`)
      await travel(page, -1, "/dashboard")
      await settle(page)
      await expectSignedIn(page, user)
      await page.goto("/account")
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible()
      expect(page.url()).toBe(`${servers.appUrl}/account`)
    })
  })

  test("a prefetch does not count as a redirect, and the click after it signs in", async ({ openPage }) => {
    const page = await openPage(servers.appUrl)
    const link = page.getByRole("link", { name: texts.landing.dashboardLink })
    for (const headers of [
      { ...PAGE_LOAD, "sec-purpose": "prefetch" },
      { accept: "*/*", "sec-fetch-dest": "empty", rsc: "1" },
    ])
      expect((await send(servers.appUrl, "/dashboard", { headers })).headers["set-cookie"]).toBeUndefined()
    await page.goto("/")
    for (let time = 0; time < 4; time++) {
      await link.hover()
      await page.mouse.move(0, 0)
    }
    await settle(page)
    expect(await page.context().cookies()).toEqual([])
    await link.click()
    await signIn(page, await createUser(servers))
    await page.waitForURL(`${servers.appUrl}/dashboard`)
  })

  test("after many redirects, a sign-in whose first form expired leads to the requested page", async ({
    openPage,
    ownServers,
  }) => {
    const servers = await ownServers({ kratos: { SELFSERVICE_FLOWS_LOGIN_LIFESPAN: "8s" } })
    const page = await openPage(servers.appUrl)
    const user = await createUser(servers)
    await getRedirected(page.context())
    await page.goto("/account?tab=1")
    await page.waitForURL("**/auth/login**")
    const expired = page.url()
    await page.waitForTimeout(8500)
    await page.reload()
    await page.waitForURL((url) => url.pathname === "/auth/login" && url.href !== expired)
    await signIn(page, user)
    await page.waitForURL(`${servers.appUrl}/account?tab=1`)
    expect(servers.appLog.join("\n")).not.toContain(LOOP_ENDED)
  })

  test("after many redirects, a sign-up leads to the requested page", async ({ page, newAccount }) => {
    await getRedirected(page.context())
    await page.goto("/account?tab=1")
    await page.waitForURL("**/auth/login**")
    await page.getByRole("link", { name: "Sign up" }).click()
    await page.waitForURL("**/auth/registration**")
    await submitRegistration(page, newAccount)
    await verifyAddress(page, await codeFor(newAccount.email))
    await page.waitForURL((url) => url.pathname + url.search === "/account?tab=1")
  })

  test("the loop page redirects a signed-in user to return_to, on this app only", async ({ openPage }) => {
    const page = await openPage(servers.appUrl)
    const user = await createUser(servers)
    await getRedirected(page.context())
    await page.context().addCookies(browserCookies(user, servers.appUrl))
    await page.goto(`/auth/no-session?return_to=${encodeURIComponent("/account?tab=1")}`)
    expect(page.url()).toBe(`${servers.appUrl}/account?tab=1`)
    for (const hostile of ["https://evil.example/", "//evil.example", "/auth/sign-out"]) {
      await page.goto(`/auth/no-session?return_to=${encodeURIComponent(hostile)}`)
      expect(page.url()).toBe(`${servers.appUrl}/dashboard`)
    }
  })
})
