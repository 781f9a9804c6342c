import type { Browser, BrowserContext, Page } from "playwright/test"
import { codeFor, expect, signIn, signOut, test, watch } from "./fixtures"
import { browserCookies, PAGE_LOAD, send, signedIn } from "./http"
import { startServers, type Servers, type ServersOptions } from "./servers"

/** A browser whose session at Ory does not reach this app gets a page that says so. Nobody else ever sees that page. */

const MESSAGE = "Your sign-in did not arrive"

async function withServers(options: ServersOptions, use: (servers: Servers) => Promise<void>): Promise<void> {
  const servers = await startServers(options)
  try {
    await use(servers)
  } finally {
    await servers.stop()
  }
}

async function open(browser: Browser, { appUrl }: Servers): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({ baseURL: appUrl, ignoreHTTPSErrors: true })
  return { context, page: await context.newPage() }
}

const siblings: ServersOptions = { tls: true, siblings: true }
const domain = { COOKIES_DOMAIN: "example.test" }

for (const [name, options, cure] of [
  [
    "a renamed session cookie",
    { kratos: { SESSION_COOKIE_NAME: "my_session" } },
    "Set ORY_SESSION_COOKIE to it, perhaps my_session.",
  ],
  [
    "a session cookie for Ory's host alone",
    { ...siblings, kratos: { ...domain, SESSION_COOKIE_DOMAIN: "auth.example.test" } },
    "session.cookie.domain",
  ],
] as const)
  test(`${name} ends at a message, and the log names the cure`, async ({ browser }) => {
    await withServers(options, async (servers) => {
      const person = await signedIn(servers.kratosUrl, servers.ory.adminUrl)
      const { context, page } = await open(browser, servers)
      await page.goto("/account?tab=1")
      await signIn(page, person)
      await expect(page.getByRole("heading", { name: MESSAGE })).toBeVisible()
      expect(page.url()).toBe(
        `${servers.appUrl}/auth/no-session?return_to=${encodeURIComponent(`${servers.appUrl}/account?tab=1`)}`,
      )
      // In production users read nothing of how it works.
      expect(await page.locator("body").innerText()).not.toMatch(/ory_|kratos|cookie_|csrf|ORY_/i)

      // "Try again" and a reload end here as well, also when the count of redirects has expired.
      for (const wait of [0, 11_000]) {
        await page.waitForTimeout(wait)
        const answer = page.waitForResponse((response) => response.status() === 401)
        await page.getByRole("link", { name: "Try again" }).click()
        expect(new URL((await answer).url()).pathname).toBe("/auth/no-session")
        await expect(page.getByRole("heading", { name: MESSAGE })).toBeVisible()
      }
      expect((await page.reload())?.status()).toBe(401)

      const log = servers.appLog.join("\n")
      expect(log).toContain("Expected: ory_kratos_session, or ory_session_… of Ory Network.")
      expect(log).toMatch(/The browser sent: .*csrf_token_/)
      expect(log).toContain(cure)
      for (const { name, value } of await context.cookies())
        if (value.length > 5) expect(log, name).not.toContain(value)
      await context.close()
    })
  })

test("with ORY_SESSION_COOKIE a renamed cookie signs in and out, and is renewed", async ({ browser }) => {
  const options = {
    kratos: { SESSION_COOKIE_NAME: "my_session", SESSION_EARLIEST_POSSIBLE_EXTEND: "8760h" },
    app: { ORY_SESSION_COOKIE: "my_session" },
  }
  await withServers(options, async (servers) => {
    const person = await signedIn(servers.kratosUrl, servers.ory.adminUrl)
    const { context, page } = await open(browser, servers)
    const errors = watch(page)
    await page.goto("/account")
    await signIn(page, person)
    await page.waitForURL(`${servers.appUrl}/account`)
    expect(
      (await fetch(`${servers.ory.adminUrl}/admin/sessions/${person.sessionId}/extend`, { method: "PATCH" })).ok,
    ).toBe(true)
    const renewed = await send(servers.appUrl, "/account", { headers: { ...PAGE_LOAD, cookie: person.cookie } })
    expect(renewed.headers["set-cookie"]?.join()).toContain("my_session=")
    await signOut(page)
    expect((await context.cookies()).map(({ name }) => name)).not.toContain("my_session")
    // A cookie under Ory's usual name is no session here.
    const usual = person.cookie.replace("my_session=", "ory_kratos_session=")
    expect((await send(servers.appUrl, "/api/me", { headers: { cookie: usual } })).status).toBe(401)
    expect(errors).toEqual([])
    await context.close()
  })
})

test("through this app, a renamed cookie reaches the browser with ORY_SESSION_COOKIE", async ({ browser }) => {
  const options = {
    network: true,
    kratos: { SESSION_COOKIE_NAME: "my_session" },
    app: { ORY_PROXY: "on", ORY_SESSION_COOKIE: "my_session" },
  }
  await withServers(options, async (servers) => {
    const { context, page } = await open(browser, servers)
    await page.goto("/dashboard")
    await signIn(page, await signedIn(servers.kratosUrl, servers.ory.adminUrl))
    await page.waitForURL(`${servers.appUrl}/dashboard`)
    await signOut(page)
    await context.close()
  })
})

test("Ory on a sibling domain without cookies.domain: the page asks for cookies, and the log names the setting", async ({
  browser,
}) => {
  await withServers(siblings, async (servers) => {
    const { context, page } = await open(browser, servers)
    await page.goto("/dashboard")
    await expect(page.getByRole("heading", { name: "Your browser did not keep the cookies" })).toBeVisible()
    const log = servers.appLog.join("\n")
    expect(log).toContain("without the flow's CSRF cookie.")
    expect(log).toContain("Set cookies.domain in Kratos to a domain that auth.example.test and app.example.test share")
    await context.close()
  })
})

test("Ory on a sibling domain with cookies.domain: sign-in, refresh and sign-out work", async ({ browser }) => {
  await withServers({ ...siblings, kratos: domain }, async (servers) => {
    const { context, page } = await open(browser, servers)
    const errors = watch(page)
    const person = await signedIn(servers.kratosUrl, servers.ory.adminUrl)
    await page.goto("/account?tab=1")
    await signIn(page, person)
    await page.waitForURL(`${servers.appUrl}/account?tab=1`)
    for (const { name, domain, secure } of await context.cookies())
      expect([name, domain, secure]).toEqual([
        name,
        name.startsWith("__Host-") ? "app.example.test" : ".example.test",
        true,
      ])
    await page.goto("/api/refresh-session?return_to=/dashboard")
    await page.waitForURL("**/auth/login**")
    await page.getByRole("textbox", { name: "Email" }).fill(person.email)
    await page.getByRole("textbox", { name: "Password" }).fill(person.password)
    await page.getByRole("button", { name: "Sign in", exact: true }).click()
    await page.waitForURL(`${servers.appUrl}/dashboard`)
    await signOut(page)
    expect(servers.appLog.join("\n")).not.toContain("CSRF cookie")
    expect(errors).toEqual([])
    await context.close()
  })
})

/** A browser that was just redirected to sign in often enough for the way back to lead over the page that ends loops. */
async function redirected(context: BrowserContext, times = 3): Promise<void> {
  for (let time = 0; time < times; time++) {
    const page = await context.newPage()
    await page.goto(`/dashboard?visit=${time}`)
    await page.waitForURL("**/auth/login**")
    await page.close()
  }
  expect((await context.cookies()).find(({ name }) => name === "login_redirects")?.value).toBe(
    String(Math.min(times, 3)),
  )
}

/** Back or forward. Playwright's own waits for an event that a page from the back/forward cache does not send. */
async function travel(page: Page, delta: number, pathname: string): Promise<void> {
  // The page may be gone before it can answer.
  await page
    .evaluate((delta) => {
      history.go(delta)
    }, delta)
    .catch(() => undefined)
  await expect.poll(() => new URL(page.url()).pathname).toBe(pathname)
}

test.describe("normal use", () => {
  test.describe.configure({ mode: "default" })

  let servers: Servers
  test.beforeAll(async () => {
    servers = await startServers()
  })
  test.afterAll(async () => {
    await servers.stop()
  })
  test.afterEach(() => {
    expect(servers.appLog.join("\n")).not.toContain("without a valid session")
  })

  for (const visitedBefore of [true, false])
    test(`six tabs at once sign in, in a browser that ${visitedBefore ? "was here before" : "is new"}`, async ({
      browser,
    }) => {
      const { context } = await open(browser, servers)
      const person = await signedIn(servers.kratosUrl, servers.ory.adminUrl)
      if (visitedBefore) await redirected(context, 1)
      const tabs = await Promise.all(Array.from({ length: 6 }, () => context.newPage()))
      await Promise.all(tabs.map((tab, index) => tab.goto(`/dashboard?tab=${index}`)))
      const last = tabs.at(-1)
      if (last === undefined) throw new Error("there are six tabs")
      // In a new browser the tabs overwrite each other's CSRF cookie: then Ory begins again, and no longer knows the page.
      await last.reload()
      await signIn(last, person)
      await last.waitForURL((url) => (visitedBefore ? url.search === "?tab=5" : true) && url.pathname === "/dashboard")
      await expect(last.getByRole("main")).toContainText(person.email)
      for (const [index, tab] of tabs.entries()) {
        await tab.goto(`/dashboard?tab=${index}`)
        await expect(tab.getByRole("main")).toContainText(person.email)
      }
      await context.close()
    })

  test("a sign-in that was cancelled four times works the fifth time", async ({ browser }) => {
    const { context, page } = await open(browser, servers)
    const person = await signedIn(servers.kratosUrl, servers.ory.adminUrl)
    for (let time = 0; time < 4; time++) {
      await page.goto("/account?tab=1")
      await page.waitForURL("**/auth/login**")
      await page.goto("/")
    }
    await page.goto("/account?tab=1")
    await signIn(page, person)
    await page.waitForURL(`${servers.appUrl}/account?tab=1`)
    await context.close()
  })

  test("back and forward over the sign-in form", async ({ browser }) => {
    const { context, page } = await open(browser, servers)
    const person = await signedIn(servers.kratosUrl, servers.ory.adminUrl)
    await page.goto("/")
    const form = page.getByRole("textbox", { name: "Password" })
    for (let time = 0; time < 4; time++) {
      await page.goto("/dashboard?tab=1")
      await expect(form).toBeVisible()
      await travel(page, -1, "/")
    }
    await travel(page, 1, "/auth/login")
    await expect(form).toBeVisible()
    await travel(page, -1, "/")
    await page.goto("/dashboard?tab=1")
    await signIn(page, person)
    await page.waitForURL(`${servers.appUrl}/dashboard?tab=1`)
    // Back over the form that was sent: the session exists, so the browser ends at a page and not at the form.
    await travel(page, -1, "/dashboard")
    await page.waitForLoadState("networkidle")
    await expect(page.getByRole("main")).toContainText(person.email)
    await page.goto("/account")
    await expect(page.getByRole("heading", { level: 1 })).toBeVisible()
    expect(page.url()).toBe(`${servers.appUrl}/account`)
    await context.close()
  })

  test("prefetches are not counted, and the click after them signs in", async ({ browser }) => {
    const { context, page } = await open(browser, servers)
    const person = await signedIn(servers.kratosUrl, servers.ory.adminUrl)
    for (const headers of [
      { ...PAGE_LOAD, "sec-purpose": "prefetch" },
      { accept: "*/*", "sec-fetch-dest": "empty", rsc: "1" },
    ])
      expect((await send(servers.appUrl, "/dashboard", { headers })).headers["set-cookie"]).toBeUndefined()
    await page.goto("/")
    for (let time = 0; time < 4; time++) {
      await page.getByRole("link", { name: "Go to your dashboard" }).hover()
      await page.mouse.move(0, 0)
    }
    await page.waitForLoadState("networkidle")
    expect(await context.cookies()).toEqual([])
    await page.getByRole("link", { name: "Go to your dashboard" }).click()
    await signIn(page, person)
    await page.waitForURL(`${servers.appUrl}/dashboard`)
    await context.close()
  })

  test("after many redirects, a form that expired still leads to the page", async ({ browser }) => {
    await withServers({ kratos: { SELFSERVICE_FLOWS_LOGIN_LIFESPAN: "8s" } }, async (servers) => {
      const { context, page } = await open(browser, servers)
      const person = await signedIn(servers.kratosUrl, servers.ory.adminUrl)
      await redirected(context)
      await page.goto("/account?tab=1")
      await page.waitForURL("**/auth/login**")
      const expired = page.url()
      await page.waitForTimeout(8500)
      await page.reload()
      await page.waitForURL((url) => url.pathname === "/auth/login" && url.href !== expired)
      await signIn(page, person)
      await page.waitForURL(`${servers.appUrl}/account?tab=1`)
      expect(servers.appLog.join("\n")).not.toContain("without a valid session")
      await context.close()
    })
  })

  test("after many redirects, signing up instead of signing in still leads to the page", async ({ page, person }) => {
    await redirected(page.context())
    await page.goto("/account?tab=1")
    await page.waitForURL("**/auth/login**")
    await page.getByRole("link", { name: "Sign up" }).click()
    await page.waitForURL("**/auth/registration**")
    await page.getByLabel("Email").fill(person.email)
    await page.getByRole("button", { name: "Sign up" }).click()
    await page.getByRole("button", { name: /^Password/ }).click()
    await page.getByRole("textbox", { name: "Password" }).fill(person.password)
    await page.getByRole("button", { name: "Sign up" }).click()
    await page.waitForURL("**/auth/verification**")
    await page.getByLabel(/code/i).fill(await codeFor(person.email))
    await page.getByRole("button", { name: "Continue", exact: true }).click()
    await page.getByRole("link", { name: "Continue" }).click()
    await page.waitForURL((url) => url.pathname + url.search === "/account?tab=1")
  })

  test("after many redirects, a session that exists already goes on to the page", async ({ browser }) => {
    const { context, page } = await open(browser, servers)
    const person = await signedIn(servers.kratosUrl, servers.ory.adminUrl)
    await redirected(context)
    await context.addCookies(browserCookies(person, servers.appUrl))
    await page.goto(`/auth/no-session?return_to=${encodeURIComponent("/account?tab=1")}`)
    expect(page.url()).toBe(`${servers.appUrl}/account?tab=1`)
    for (const evil of ["https://evil.example/", "//evil.example", "/auth/sign-out"]) {
      await page.goto(`/auth/no-session?return_to=${encodeURIComponent(evil)}`)
      expect(page.url()).toBe(`${servers.appUrl}/dashboard`)
    }
    await context.close()
  })
})
