import { randomUUID } from "node:crypto"
import type { OutgoingHttpHeaders } from "node:http"
import type { Browser, BrowserContext, Page } from "playwright/test"
import { hostilePaths } from "../lib/ory-proxy.corpus"
import { expect, signIn, test, watch } from "./fixtures"
import { browserCookies, PAGE_LOAD, send, signedIn, type Answer, type SignedIn } from "./http"
import { startServers, type Servers } from "./servers"

/** What only happens where the browser reaches Ory through the app. All on https, as on Vercel. */

test.describe.configure({ mode: "default" })

let servers: Servers
let person: SignedIn
test.beforeAll(async () => {
  servers = await startServers({
    network: true,
    tls: true,
    app: { ORY_PROXY: "on" },
    // Sessions may be extended at any time; settings ask to sign in again after ten seconds.
    kratos: { SESSION_EARLIEST_POSSIBLE_EXTEND: "8760h", SELFSERVICE_FLOWS_SETTINGS_PRIVILEGED_SESSION_MAX_AGE: "10s" },
  })
})
test.afterAll(async () => {
  await servers.stop()
})
test.beforeEach(async () => {
  person = await signedIn(servers.kratosUrl, servers.ory.adminUrl)
  servers.relay.seen.length = 0
})

const get = (path: string, headers: OutgoingHttpHeaders = PAGE_LOAD): Promise<Answer> =>
  send(servers.plainUrl, path, { headers: { host: new URL(servers.appUrl).host, ...headers } })

/** A browser for which there is no way to Ory but through the app. */
async function open(
  browser: Browser,
  signedInAs?: SignedIn,
): Promise<{ context: BrowserContext; page: Page; errors: string[] }> {
  const context = await browser.newContext({ baseURL: servers.appUrl, ignoreHTTPSErrors: true })
  await context.route(`${servers.oryUrl}/**`, (route) => route.abort())
  if (signedInAs) await context.addCookies(browserCookies(signedInAs, servers.appUrl))
  const page = await context.newPage()
  return { context, page, errors: watch(page) }
}

test("a browser never hears of Ory: neither pages, nor redirects, nor JSON name it", async ({ browser }) => {
  const { context, page, errors } = await open(browser, person)
  const heard: string[] = []
  page.on("response", (response) => {
    heard.push(JSON.stringify(response.headers()))
    void response.text().then(
      (text) => heard.push(text),
      () => undefined,
    )
  })
  await page.goto("/account/settings")
  await expect(page.getByRole("textbox", { name: "Password" })).toBeVisible()
  await page.getByRole("button", { name: "Sign out" }).click()
  await page.waitForURL(`${servers.appUrl}/`)
  await page.goto("/dashboard")
  await signIn(page, person)
  await page.waitForURL(`${servers.appUrl}/dashboard`)
  expect(heard.length).toBeGreaterThan(20)
  const { host } = new URL(servers.oryUrl)
  const named = new RegExp(`.{0,80}(${host}|${encodeURIComponent(host)}).{0,80}`)
  expect(heard.map((text) => named.exec(text)?.[0]).filter((found) => found !== undefined)).toEqual([])
  expect(errors).toEqual([])
  await context.close()
})

test("Ory's cookies are this host's own: Secure, Lax, and under no other name", async ({ browser }) => {
  const { context, page } = await open(browser)
  await page.goto("/dashboard")
  await signIn(page, person)
  await page.waitForURL("**/dashboard")
  const cookies = await context.cookies()
  // The count of redirects is gone after ten seconds.
  const names = cookies
    .map(({ name }) => name.replace(/^csrf_token_.*/, "csrf_token"))
    .filter((name) => name !== "__Host-login_redirects")
    .sort()
  expect(names).toEqual(["__Host-session_snapshot", "csrf_token", "ory_kratos_session"])
  // A cookie for a domain, and so for the hosts below it, would begin with a dot.
  for (const cookie of cookies)
    expect(cookie).toMatchObject({ domain: "localhost", path: "/", secure: true, httpOnly: true, sameSite: "Lax" })
  await context.close()
})

test("a cookie that Ory renews with whoami is this host's own as well", async () => {
  expect(
    (await fetch(`${servers.ory.adminUrl}/admin/sessions/${person.sessionId}/extend`, { method: "PATCH" })).ok,
  ).toBe(true)
  const answer = await get("/account", { ...PAGE_LOAD, cookie: person.cookie })
  const renewed = answer.headers["set-cookie"]?.find((cookie) => cookie.startsWith("ory_kratos_session="))
  expect(renewed).toMatch(/; Secure$/)
  expect(renewed).not.toMatch(/domain/i)
})

test("who signed in too long ago for settings signs in again, and comes back to have them saved", async ({
  browser,
}) => {
  const { context, page } = await open(browser, person)
  await page.goto("/account/settings")
  await page.waitForTimeout(10_000)
  const form = page.locator("form", { has: page.getByRole("textbox", { name: "Password" }) })
  await form.getByRole("textbox", { name: "Password" }).fill(`${person.password} and new`)
  await form.getByRole("button", { name: "Save" }).click()
  await page.waitForURL("**/auth/login**")
  await page.getByRole("textbox", { name: "Email" }).fill(person.email)
  await page.getByRole("textbox", { name: "Password" }).fill(person.password)
  await page.getByRole("button", { name: "Sign in", exact: true }).click()
  await page.waitForURL("**/account/settings?flow=**")
  await expect(page.getByText("Your changes have been saved!").first()).toBeVisible()
  await context.close()
})

test("what is fetched ahead begins no flow; a click, signed out, ends at the login page, and after that at the page", async ({
  browser,
}) => {
  const { context, page, errors } = await open(browser)
  await page.goto("/")
  await page.getByRole("link", { name: "Go to your dashboard" }).hover()
  await page.waitForLoadState("networkidle")
  await get("/self-service/login/browser", { ...PAGE_LOAD, "sec-purpose": "prefetch" })
  expect(servers.relay.seen).toEqual([])
  await page.getByRole("link", { name: "Go to your dashboard" }).click()
  await signIn(page, person)
  await page.waitForURL(`${servers.appUrl}/dashboard`)
  await expect(page.getByRole("main")).toContainText(person.email)
  expect(errors).toEqual([])
  await context.close()
})

test("no path leads anywhere but to Ory's own", async () => {
  for (const path of hostilePaths) {
    servers.relay.seen.length = 0
    const answer = await get(path.replace(/[^\x21-\xff]/g, encodeURIComponent))
    // Next itself makes sense of some: then the gate sees a path that is not Ory's, or no other than Ory's.
    const paths = servers.relay.seen
      .map((line) => line.replace(/^[A-Z]+ |\?.*$/g, ""))
      .filter((seen) => seen !== "/sessions/whoami")
    for (const seen of paths)
      expect(seen, path).toMatch(/^\/(self-service|sessions|schemas|\.well-known\/ory)(\/[\w~-][\w.~-]*)*$/)
    // Next itself sends an absolute form back to where it named, before the gate: only who wrote it goes there.
    const location = new URL(answer.headers.location ?? "/", servers.appUrl)
    if (!URL.canParse(path) || location.href !== new URL(path).href) expect(location.origin, path).toBe(servers.appUrl)
  }
})

test("a form on another site cannot complete a flow of type api, which Ory itself refuses from browsers too", async ({
  browser,
}) => {
  const fill = async (): Promise<{ id: string; email: string; body: string }> => {
    const flow = (await (await fetch(`${servers.kratosUrl}/self-service/registration/api`)).json()) as { id: string }
    const email = `${randomUUID()}@example.com`
    return {
      id: flow.id,
      email,
      body: new URLSearchParams({ method: "password", "traits.email": email, password: person.password }).toString(),
    }
  }
  const exists = async (email: string): Promise<boolean> => {
    const found = await fetch(
      `${servers.ory.adminUrl}/admin/identities?credentials_identifier=${encodeURIComponent(email)}`,
    )
    return ((await found.json()) as unknown[]).length > 0
  }
  const form = { "content-type": "application/x-www-form-urlencoded", accept: "text/html" }

  // What Ory does without this app: a native client may, a browser's page on another site may not.
  for (const [origin, created] of [
    [{}, true],
    [{ origin: "https://evil.example" }, false],
  ] as const) {
    const { id, email, body } = await fill()
    const options = { method: "POST", headers: { ...form, ...origin }, body }
    await send(servers.kratosUrl, `/self-service/registration?flow=${id}`, options)
    expect(await exists(email)).toBe(created)
  }

  servers.relay.seen.length = 0
  for (const origin of ["https://evil.example", "null"]) {
    const { id, email, body } = await fill()
    const headers = { ...form, host: new URL(servers.appUrl).host, origin }
    const answer = await send(servers.plainUrl, `/self-service/registration?flow=${id}`, {
      method: "POST",
      headers,
      body,
    })
    expect([answer.status, answer.body]).toEqual([403, "This request was sent from another site."])
    expect(await exists(email)).toBe(false)
  }

  // The same by a browser.
  const { context, page } = await open(browser)
  const { id, email, body } = await fill()
  const fields = [...new URLSearchParams(body)]
    .map(([name, value]) => `<input name="${name}" value="${value}">`)
    .join("")
  const html = `<form method="post" action="${servers.appUrl}/self-service/registration?flow=${id}">${fields}<button>Win</button></form>`
  await context.route("https://evil.example/", (route) => route.fulfill({ contentType: "text/html", body: html }))
  await page.goto("https://evil.example/")
  await page.getByRole("button").click()
  await expect(page.getByText("This request was sent from another site.")).toBeVisible()
  expect(await exists(email)).toBe(false)
  expect(servers.relay.seen).toEqual([])
  await context.close()
})

test("a provider's answer by a POST from its own site reaches Ory", async () => {
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
  test(`return_to=${value}, straight to Ory's path, ends on this origin`, async () => {
    const answer = await get(`/self-service/login/browser?return_to=${encodeURIComponent(value)}`, {
      ...PAGE_LOAD,
      cookie: person.cookie,
    })
    expect(answer.status).toBe(303)
    expect(new URL(answer.headers.location ?? "", servers.appUrl).origin).toBe(servers.appUrl)
  })

for (const path of ["/dashboard", "/auth/login", "/auth/registration", "/account/settings"])
  test(`a browser that keeps no cookies is not sent round in circles from ${path}`, async () => {
    let at = new URL(path, servers.appUrl)
    for (let hops = 0; hops < 6; hops++) {
      const answer = await get(at.pathname + at.search)
      if (answer.headers.location === undefined) {
        expect(answer.body).toContain("Your browser did not keep the cookies")
        return
      }
      at = new URL(answer.headers.location, servers.appUrl)
      expect(at.origin).toBe(servers.appUrl)
    }
    throw new Error("more than five redirects")
  })

for (const [name, begin, end] of [
  ["is not there", () => servers.relay.stop(), () => servers.relay.start()],
  [
    "never answers",
    pauseKratos,
    () => {
      servers.ory.resumeKratos()
      return Promise.resolve()
    },
  ],
] as const)
  test(`while Ory ${name}, its paths say so in time, and touch no cookie`, async ({ browser }) => {
    const { context, page } = await open(browser, person)
    await begin()
    try {
      const before = Date.now()
      const [loaded, asked] = await Promise.all([
        get("/self-service/login/browser"),
        get("/self-service/login/browser", { accept: "application/json", "sec-fetch-dest": "empty" }),
      ])
      expect(Date.now() - before).toBeLessThan(4000)
      for (const { status, headers } of [loaded, asked]) {
        expect(status).toBe(503)
        expect(headers).toMatchObject({ "retry-after": "5", "cache-control": "private, no-store" })
        expect(headers["set-cookie"]).toBeUndefined()
      }
      expect(loaded.body).toContain("Back in a moment")
      expect(JSON.parse(asked.body)).toMatchObject({ error: { code: "ory_unavailable" } })
      const cookies = await context.cookies()
      expect((await page.goto("/api/refresh-session"))?.status()).toBe(503)
      await expect(page.getByRole("heading", { name: "Back in a moment" })).toBeVisible()
      expect(await context.cookies()).toEqual(cookies)
    } finally {
      await end()
    }
    // The page tries again by itself.
    await page.waitForURL("**/auth/login**", { timeout: 20_000 })
    await context.close()
  })

test("a form that is sent while Ory is down is not lost: it says so, and works when it is sent again", async ({
  browser,
}) => {
  const { context, page } = await open(browser)
  await page.goto("/auth/login")
  await page.getByRole("textbox", { name: "Email" }).fill(person.email)
  await page.getByRole("textbox", { name: "Password" }).fill(person.password)
  await servers.relay.stop()
  // Waited for from before the click: the answer may be there before the click is done.
  const answer = page.waitForResponse((response) => response.status() === 503)
  await page.getByRole("button", { name: "Sign in with password" }).click()
  await answer
  await servers.relay.start()
  await page.getByRole("button", { name: "Sign in with password" }).click()
  await page.waitForURL("**/dashboard")
  await context.close()
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
