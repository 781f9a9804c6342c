import { randomUUID } from "node:crypto"
import type { OutgoingHttpHeaders } from "node:http"
import type { Page } from "playwright/test"
import { hostilePaths } from "../../lib/ory-proxy.corpus"
import { requiredTraits } from "../../ory/required-traits"
import {
  test as base,
  changePassword,
  expect,
  expectSettingsSaved,
  expectSignedIn,
  settle,
  signIn,
  signOut,
  traitFields,
  type OpenOptions,
} from "../../e2e/fixtures"
import { browserCookies, createUser, extendSession, PAGE_LOAD, send, type Answer, type SignedIn } from "../../e2e/http"
import { freePorts } from "../../e2e/ports"
import { startApp, startServers, type Servers } from "../../e2e/servers"
import { texts } from "../../e2e/texts"

/** The topology in which the browser reaches Ory through the app. Everything uses https, as on Vercel. */

const test = base.extend<{ open: (user?: SignedIn, options?: OpenOptions) => Promise<Page> }>({
  /** Opens a page whose browser reaches Ory only through the app. */
  open: async ({ openPage }, use) => {
    await use(async (user, options) => {
      const page = await openPage(servers.appUrl, options)
      await page.context().route(`${servers.oryUrl}/**`, (route) => route.abort())
      if (user) await page.context().addCookies(browserCookies(user, servers.appUrl))
      return page
    })
  },
})

test.describe.configure({ mode: "default" })

let servers: Servers
let user: SignedIn
test.beforeAll(async () => {
  servers = await startServers({
    network: true,
    tls: true,
    app: { ORY_PROXY: "on" },
    // Tests may extend a session at any time. Ory's settings need a sign-in within the last ten seconds.
    kratos: { SESSION_EARLIEST_POSSIBLE_EXTEND: "8760h", SELFSERVICE_FLOWS_SETTINGS_PRIVILEGED_SESSION_MAX_AGE: "10s" },
  })
})
test.afterAll(async () => {
  await servers.stop()
})
test.beforeEach(async () => {
  user = await createUser(servers)
  servers.relay.seen.length = 0
})

const get = (path: string, headers: OutgoingHttpHeaders = PAGE_LOAD): Promise<Answer> =>
  send(servers.plainUrl, path, { headers: { host: new URL(servers.appUrl).host, ...headers } })

test("no page, redirect or API response contains Ory's host", async ({ open }) => {
  const page = await open(user)
  const received: string[] = []
  page.on("response", (response) => {
    received.push(JSON.stringify(response.headers()))
    void response.text().then(
      (text) => received.push(text),
      () => undefined,
    )
  })
  await page.goto("/account/settings")
  await expect(page.getByRole("textbox", { name: "Password" })).toBeVisible()
  await signOut(page)
  await page.goto("/dashboard")
  await signIn(page, user)
  await page.waitForURL(`${servers.appUrl}/dashboard`)
  expect(received.length).toBeGreaterThan(20)
  const { host } = new URL(servers.oryUrl)
  const oryHost = new RegExp(`.{0,80}(${host}|${encodeURIComponent(host)}).{0,80}`)
  expect(received.map((text) => oryHost.exec(text)?.[0]).filter((found) => found !== undefined)).toEqual([])
})

test("Ory's cookies belong to the app's host only, and are Secure and SameSite=Lax", async ({ open }) => {
  const page = await open()
  await page.goto("/dashboard")
  await signIn(page, user)
  await page.waitForURL("**/dashboard")
  const cookies = await page.context().cookies()
  // The app counts redirects for ten seconds.
  const names = cookies
    .map(({ name }) => name.replace(/^csrf_token_.*/, "csrf_token"))
    .filter((name) => name !== "__Host-login_redirects")
    .sort()
  expect(names).toEqual(["__Host-session_snapshot", "csrf_token", "ory_kratos_session"])
  // The domain of a cookie that is also for subdomains would start with a dot.
  for (const cookie of cookies)
    expect(cookie).toMatchObject({ domain: "localhost", path: "/", secure: true, httpOnly: true, sameSite: "Lax" })
})

test("a session cookie that Ory renews belongs to the app's host only", async () => {
  await extendSession(user.sessionId, servers.ory.adminUrl)
  const response = await get("/account", { ...PAGE_LOAD, cookie: user.cookie })
  const renewed = response.headers["set-cookie"]?.find((cookie) => cookie.startsWith("ory_kratos_session="))
  expect(renewed).toMatch(/; Secure$/)
  expect(renewed).not.toMatch(/domain/i)
})

test("a settings change that needs a recent sign-in is saved after the user signs in again", async ({ open }) => {
  // Ory responds with 403 to the change.
  const page = await open(user, { expectedErrors: /^403 / })
  await page.goto("/account/settings")
  await page.waitForTimeout(10_000)
  await changePassword(page, `${user.password} and new`)
  await signIn(page, user)
  await page.waitForURL("**/account/settings?flow=**")
  await expectSettingsSaved(page)
})

test("a prefetch starts no flow, and a click on the link leads to sign-in and then to the page", async ({ open }) => {
  const page = await open()
  const link = page.getByRole("link", { name: texts.landing.dashboardLink })
  await page.goto("/")
  await link.hover()
  await settle(page)
  await get("/self-service/login/browser", { ...PAGE_LOAD, "sec-purpose": "prefetch" })
  expect(servers.relay.seen).toEqual([])
  await link.click()
  await signIn(page, user)
  await page.waitForURL(`${servers.appUrl}/dashboard`)
  await expectSignedIn(page, user)
})

test("forwards only Ory's own paths, whatever the spelling", async () => {
  for (const path of hostilePaths) {
    servers.relay.seen.length = 0
    const response = await get(path.replace(/[^\x21-\xff]/g, encodeURIComponent))
    // Next normalises some of these paths. The gate then forwards one of Ory's paths or nothing.
    const paths = servers.relay.seen
      .map((line) => line.replace(/^[A-Z]+ |\?.*$/g, ""))
      .filter((seen) => seen !== "/sessions/whoami")
    for (const seen of paths)
      expect(seen, path).toMatch(/^\/(self-service|sessions|schemas|\.well-known\/ory)(\/[\w~-][\w.~-]*)*$/)
    // Next redirects a request line with a whole URL to that URL, before the gate runs. Only the sender of such a request is affected.
    const location = new URL(response.headers.location ?? "/", servers.appUrl)
    if (!URL.canParse(path) || location.href !== new URL(path).href) expect(location.origin, path).toBe(servers.appUrl)
  }
})

test("refuses a form on another site that completes a flow of type api, as Ory does", async ({ open }) => {
  const startFlow = async (): Promise<{ id: string; email: string; body: string }> => {
    const flow = (await (await fetch(`${servers.kratosUrl}/self-service/registration/api`)).json()) as { id: string }
    const email = `${randomUUID()}@example.com`
    const fields = Object.entries(traitFields({ ...requiredTraits, email })).map(([name, value]) => [
      name,
      String(value),
    ])
    const body = new URLSearchParams([["method", "password"], ["password", user.password], ...fields])
    return { id: flow.id, email, body: body.toString() }
  }
  const exists = async (email: string): Promise<boolean> => {
    const found = await fetch(
      `${servers.ory.adminUrl}/admin/identities?credentials_identifier=${encodeURIComponent(email)}`,
    )
    return ((await found.json()) as unknown[]).length > 0
  }
  const form = { "content-type": "application/x-www-form-urlencoded", accept: "text/html" }

  await test.step("Ory accepts the form from a native client, and refuses it from a browser on another site", async () => {
    for (const [origin, created] of [
      [{}, true],
      [{ origin: "https://evil.example" }, false],
    ] as const) {
      const { id, email, body } = await startFlow()
      const options = { method: "POST", headers: { ...form, ...origin }, body }
      await send(servers.kratosUrl, `/self-service/registration?flow=${id}`, options)
      expect(await exists(email)).toBe(created)
    }
  })

  servers.relay.seen.length = 0
  await test.step("the app refuses the form from another origin", async () => {
    for (const origin of ["https://evil.example", "null"]) {
      const { id, email, body } = await startFlow()
      const headers = { ...form, host: new URL(servers.appUrl).host, origin }
      const options = { method: "POST", headers, body }
      const response = await send(servers.plainUrl, `/self-service/registration?flow=${id}`, options)
      expect([response.status, response.body]).toEqual([403, "This request was sent from another site."])
      expect(await exists(email)).toBe(false)
    }
  })

  await test.step("the app refuses it from a browser, too", async () => {
    const page = await open(undefined, { expectedErrors: /^40[34] / })
    const { id, email, body } = await startFlow()
    const fields = [...new URLSearchParams(body)]
      .map(([name, value]) => `<input name="${name}" value="${value}">`)
      .join("")
    const html = `<form method="post" action="${servers.appUrl}/self-service/registration?flow=${id}">${fields}<button>Win</button></form>`
    await page.route("https://evil.example/", (route) => route.fulfill({ contentType: "text/html", body: html }))
    await page.goto("https://evil.example/")
    await page.getByRole("button").click()
    await expect(page.getByText("This request was sent from another site.")).toBeVisible()
    expect(await exists(email)).toBe(false)
  })
  expect(servers.relay.seen).toEqual([])
})

test("forwards the POST with which a social provider returns from its own site", async () => {
  const path = "/self-service/methods/oidc/callback/apple"
  const headers = {
    host: new URL(servers.appUrl).host,
    origin: "https://appleid.apple.com",
    "content-type": "application/x-www-form-urlencoded",
  }
  await send(servers.plainUrl, path, { method: "POST", headers, body: "state=x" })
  expect(servers.relay.seen).toEqual([`POST ${path}`])
})

for (const value of ["https://evil.example/", "//evil.example", "/\\evil.example", "https://evil.example@localhost/"])
  test(`a request to Ory's own path with return_to=${value} redirects within this origin`, async () => {
    const response = await get(`/self-service/login/browser?return_to=${encodeURIComponent(value)}`, {
      ...PAGE_LOAD,
      cookie: user.cookie,
    })
    expect(response.status).toBe(303)
    expect(new URL(response.headers.location ?? "", servers.appUrl).origin).toBe(servers.appUrl)
  })

for (const path of ["/dashboard", "/account/settings"])
  test(`a browser that keeps no cookies gets a message instead of a redirect loop from ${path}`, async () => {
    let url = new URL(path, servers.appUrl)
    for (let redirects = 0; redirects < 6; redirects++) {
      const response = await get(url.pathname + url.search)
      if (response.headers.location === undefined) {
        expect(response.body).toContain(texts.cookiesNotKept)
        return
      }
      url = new URL(response.headers.location, servers.appUrl)
      expect(url.origin).toBe(servers.appUrl)
    }
    throw new Error(`${path} led to more than five redirects, the last one to ${url.href}.`)
  })

for (const [name, begin, end] of [
  ["refuses connections", () => servers.relay.stop(), () => servers.relay.start()],
  [
    "never responds",
    pauseKratos,
    () => {
      servers.ory.resumeKratos()
      return Promise.resolve()
    },
  ],
] as const)
  test(`while Ory ${name}, its paths respond with 503 in time and change no cookie`, async ({ open }) => {
    const page = await open(user, { expectedErrors: /^503 / })
    await begin()
    try {
      await test.step("a page load and an API request get 503", async () => {
        const before = Date.now()
        const [pageLoad, api] = await Promise.all([
          get("/self-service/login/browser"),
          get("/self-service/login/browser", { accept: "application/json", "sec-fetch-dest": "empty" }),
        ])
        expect(Date.now() - before).toBeLessThan(4000)
        for (const { status, headers } of [pageLoad, api]) {
          expect(status).toBe(503)
          expect(headers).toMatchObject({ "retry-after": "5", "cache-control": "private, no-store" })
          expect(headers["set-cookie"]).toBeUndefined()
        }
        expect(pageLoad.body).toContain(texts.outage)
        expect(JSON.parse(api.body)).toMatchObject({ error: { code: "ory_unavailable" } })
      })

      await test.step("a browser shows the outage page", async () => {
        const cookies = await page.context().cookies()
        expect((await page.goto("/api/refresh-session"))?.status()).toBe(503)
        await expect(page.getByRole("heading", { name: texts.outage })).toBeVisible()
        expect(await page.context().cookies()).toEqual(cookies)
      })
    } finally {
      await end()
    }
    // The outage page reloads itself.
    await page.waitForURL("**/auth/login**", { timeout: 20_000 })
  })

test("a form that is submitted while Ory is unreachable keeps its fields and works afterwards", async ({ open }) => {
  // Ory's client in the browser throws an error that it doesn't handle.
  const page = await open(undefined, { expectedErrors: /^503 |^page error: The Ory API endpoint returned/ })
  await page.goto("/auth/login")
  await servers.relay.stop()
  // Wait for the response from before the click, because it may arrive before the click is done.
  const response = page.waitForResponse((response) => response.status() === 503)
  await signIn(page, user)
  await response
  await servers.relay.start()
  await page.locator("button[name=method][value=password]").click()
  await page.waitForURL("**/dashboard")
})

async function pauseKratos(): Promise<void> {
  servers.ory.pauseKratos()
  const alive = (): Promise<boolean> =>
    fetch(`${servers.kratosUrl}/health/alive`, { signal: AbortSignal.timeout(500) }).then(
      () => true,
      () => false,
    )
  await expect.poll(alive).toBe(false)
}

test("a deleted account leaves none of Ory's cookies in the browser", async ({ openPage, afterTest }) => {
  const [port] = await freePorts()
  const appUrl = `http://localhost:${port}`
  afterTest(
    await startApp(port, {
      ORY_SDK_URL: servers.oryUrl,
      ORY_PROXY: "on",
      ORY_ADMIN_URL: servers.ory.adminUrl,
      APP_URL: appUrl,
      ...servers.nodeEnv,
    }),
  )
  const page = await openPage(appUrl)
  await page.context().addCookies(browserCookies(user, appUrl))
  await page.goto("/account/delete")
  await page.getByRole("textbox").fill(user.email)
  await page.getByRole("button", { name: texts.deleteAccount.form.delete }).click()
  await expect(page.getByRole("heading", { name: texts.accountDeleted })).toBeVisible()
  expect((await page.context().cookies()).map(({ name }) => name)).toEqual([])
  expect((await fetch(`${servers.ory.adminUrl}/admin/identities/${user.identityId}`)).status).toBe(404)
})
