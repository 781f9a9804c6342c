import { expect, signIn, test, watch } from "./fixtures"
import { browserCookies, PAGE_LOAD, send, signedIn } from "./http"
import { startServers, type Servers } from "./servers"

test.describe.configure({ mode: "serial" })

let servers: Servers
test.beforeAll(async () => {
  servers = await startServers()
})
test.afterAll(async () => {
  await servers.stop()
})

test("links that nobody follows cost Ory nothing", async ({ browser }) => {
  const context = await browser.newContext({ baseURL: servers.appUrl })
  const page = await context.newPage()
  const errors = watch(page)
  servers.relay.seen.length = 0
  for (const path of ["/", "/auth/signed-out", "/auth/error"]) {
    await page.goto(path)
    for (const link of await page.getByRole("link").all()) await link.hover()
    // Time for what a hover may begin.
    await page.waitForTimeout(500)
  }
  expect(servers.relay.seen).toEqual([])
  expect(await context.cookies()).toEqual([])
  expect(errors).toEqual([])

  // Signed in: the same, on protected pages, beyond the one question whose session it is.
  await context.addCookies(browserCookies(await signedIn(servers.oryUrl, servers.ory.adminUrl), servers.appUrl))
  await page.goto("/dashboard")
  servers.relay.seen.length = 0
  for (const link of await page.getByRole("link").all()) await link.hover()
  await page.getByRole("button", { name: "Sign out" }).hover()
  await page.waitForTimeout(500)
  expect(servers.relay.seen).toEqual([])
  await page.reload()
  await expect(page.getByRole("button", { name: "Sign out" })).toBeVisible()
  expect(errors).toEqual([])
  await context.close()
})

test("what a browser fetches ahead of time changes nothing", async () => {
  const person = await signedIn(servers.oryUrl, servers.ory.adminUrl)
  servers.relay.seen.length = 0
  for (const path of ["/auth/sign-out", "/api/refresh-session", "/auth/login", "/dashboard"])
    await send(servers.appUrl, path, { headers: { ...PAGE_LOAD, "sec-purpose": "prefetch", cookie: person.cookie } })
  expect(servers.relay.seen.filter((line) => !line.includes("whoami"))).toEqual([])
  expect((await send(servers.appUrl, "/api/me", { headers: { cookie: person.cookie } })).status).toBe(200)
})

test("a click on a protected page, signed out, ends at the login page, and after that at the page", async ({
  browser,
}) => {
  const person = await signedIn(servers.oryUrl, servers.ory.adminUrl)
  const context = await browser.newContext({ baseURL: servers.appUrl })
  const page = await context.newPage()
  const errors = watch(page)
  await page.goto("/")
  await page.getByRole("link", { name: "Go to your dashboard" }).click()
  await signIn(page, person)
  await page.waitForURL(`${servers.appUrl}/dashboard`)
  await expect(page.getByRole("main")).toContainText(person.email)
  expect(errors).toEqual([])
  await context.close()
})

test("a click after the session was ended elsewhere leads to login, and back to the page that was clicked", async ({
  browser,
}) => {
  const person = await signedIn(servers.oryUrl, servers.ory.adminUrl)
  const context = await browser.newContext({ baseURL: servers.appUrl })
  await context.addCookies(browserCookies(person, servers.appUrl))
  const page = await context.newPage()
  const errors = watch(page)
  await page.goto("/dashboard")
  await endSession(person.sessionId)
  await page.getByRole("link", { name: "Account" }).click()
  await signIn(page, person)
  await page.waitForURL(`${servers.appUrl}/account`)
  expect(errors).toEqual([])
  await context.close()
})

test("a form that is sent after the session was ended says so, keeps what was typed, and leads back", async ({
  browser,
}) => {
  const person = await signedIn(servers.oryUrl, servers.ory.adminUrl)
  const context = await browser.newContext({ baseURL: servers.appUrl })
  await context.addCookies(browserCookies(person, servers.appUrl))
  const page = await context.newPage()
  const errors = watch(page)

  await page.goto("/account")
  await page.getByRole("textbox", { name: "First name" }).fill("Grace")
  await page.getByRole("button", { name: "Save" }).click()
  await expect(page.getByText("Saved.")).toBeVisible()
  await page.goto("/dashboard")
  await expect(page.getByRole("heading", { name: "Hello, Grace" })).toBeVisible()

  await page.goto("/account")
  await endSession(person.sessionId)
  await page.getByRole("textbox", { name: "First name" }).fill("Ada")
  await page.getByRole("button", { name: "Save" }).click()
  await expect(page.getByText("Nothing was changed. You are signed out.")).toBeVisible()
  await expect(page.getByRole("textbox", { name: "First name" })).toHaveValue("Ada")
  await page.getByRole("link", { name: "Sign in and come back" }).click()
  await signIn(page, person)
  await page.waitForURL(`${servers.appUrl}/account`)
  await expect(page.getByRole("textbox", { name: "First name" })).toHaveValue("Ada")
  // Filled in, not sent.
  await page.reload()
  await expect(page.getByRole("textbox", { name: "First name" })).toHaveValue("Grace")
  expect(errors).toEqual([])
  await context.close()
})

test("a form that is sent while Ory does not answer says so, and keeps what was typed", async ({ browser }) => {
  const person = await signedIn(servers.oryUrl, servers.ory.adminUrl)
  const context = await browser.newContext({ baseURL: servers.appUrl })
  await context.addCookies(browserCookies(person, servers.appUrl))
  const page = await context.newPage()
  const errors = watch(page)
  await page.goto("/account")
  servers.relay.fault = "500"
  await page.getByRole("textbox", { name: "First name" }).fill("Ada")
  await page.getByRole("button", { name: "Save" }).click()
  await expect(page.getByText("Nothing was changed. We can't check your session")).toBeVisible()
  await expect(page.getByRole("textbox", { name: "First name" })).toHaveValue("Ada")
  servers.relay.fault = "none"
  await page.getByRole("button", { name: "Save" }).click()
  await expect(page.getByText("Saved.")).toBeVisible()
  expect(errors).toEqual([])
  await context.close()
})

test("public pages are the same for everybody; nothing protected, and nothing that sets a cookie, is kept by anyone", async () => {
  const { cookie } = await signedIn(servers.oryUrl, servers.ory.adminUrl)
  for (const path of ["/", "/icon.svg"]) {
    const [stranger, someone] = await Promise.all([
      send(servers.appUrl, path),
      send(servers.appUrl, path, { headers: { cookie } }),
    ])
    expect(someone.body).toBe(stranger.body)
    expect(someone.headers["set-cookie"]).toBeUndefined()
    expect(someone.headers["cache-control"]).toMatch(/s-maxage|max-age|public/)
  }
  for (const path of ["/dashboard", "/account", "/account/settings", "/api/me", "/no-such-page"])
    for (const headers of [{}, { cookie }, { ...PAGE_LOAD, cookie }, PAGE_LOAD]) {
      const answer = await send(servers.appUrl, path, { headers })
      expect(answer.headers["cache-control"], `${path} ${answer.status}`).toBe("private, no-store")
    }
  for (const path of ["/api/refresh-session", "/auth/login", "/api/health"])
    expect((await send(servers.appUrl, path)).headers["cache-control"], path).toContain("no-store")
})

async function endSession(id: string): Promise<void> {
  const answer = await fetch(`${servers.ory.adminUrl}/admin/sessions/${id}`, { method: "DELETE" })
  expect(answer.status).toBe(204)
}
