import { expect, expectSignedIn, settle, signIn, test, follow, openUserMenu } from "./fixtures"
import { createUser, PAGE_LOAD, revokeSession, send } from "./http"
import { startServers, type Servers } from "./servers"
import { texts } from "./texts"

test.describe.configure({ mode: "serial" })

let servers: Servers
test.beforeAll(async () => {
  servers = await startServers()
})
test.afterAll(async () => {
  await servers.stop()
})

// `force`, because the link that skips the navigation is visible only with the focus.
test("hovering over links sends no request to Ory", async ({ openAs, openPage }) => {
  await test.step("signed out, on public pages", async () => {
    const page = await openPage(servers.appUrl)
    for (const path of ["/", "/auth/signed-out", "/auth/error"]) {
      await page.goto(path)
      await settle(page)
      servers.relay.seen.length = 0
      for (const link of await page.getByRole("link").all()) await link.hover({ force: true })
      await settle(page)
      expect(servers.relay.seen, path).toEqual([])
    }
    expect(await page.context().cookies()).toEqual([])
  })

  await test.step("signed in, on a protected page", async () => {
    const page = await openAs(await createUser(servers), servers.appUrl)
    await page.goto("/dashboard")
    await settle(page)
    servers.relay.seen.length = 0
    await openUserMenu(page)
    for (const link of await page.getByRole("link").all()) await link.hover({ force: true })
    await page.getByRole("button", { name: texts.nav.signOut }).hover()
    await settle(page)
    expect(servers.relay.seen).toEqual([])
    await page.reload()
    await expect(page.getByRole("button", { name: texts.nav.userMenu })).toBeVisible()
  })
})

test("a prefetch starts no flow and does not sign out", async () => {
  const { cookie } = await createUser(servers)
  servers.relay.seen.length = 0
  for (const path of ["/auth/sign-out", "/api/refresh-session", "/auth/login", "/dashboard"])
    await send(servers.appUrl, path, { headers: { ...PAGE_LOAD, "sec-purpose": "prefetch", cookie } })
  expect(servers.relay.seen.filter((line) => !line.includes("whoami"))).toEqual([])
  expect((await send(servers.appUrl, "/api/me", { headers: { cookie } })).status).toBe(200)
})

test("a click on the page that is shown keeps its content, in each menu", async ({ openAs }) => {
  const page = await openAs(await createUser(servers), servers.appUrl)
  await page.goto("/account")
  const content = page.getByText(texts.account.intro)
  await expect(content).toBeVisible()
  for (const menu of [texts.nav.accountMenu, texts.nav.accountNavigation]) {
    if (menu === texts.nav.accountMenu) await openUserMenu(page)
    await page.getByRole("navigation", { name: menu }).getByRole("link", { name: texts.nav.account }).click()
    await settle(page)
    await expect(content, menu).toBeVisible()
  }

  await test.step("also while another page loads", async () => {
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => (release = resolve))
    await page.route(/\/account\/devices/, async (route) => {
      await held
      await route.continue().catch(() => undefined)
    })
    const links = page.getByRole("navigation", { name: texts.nav.accountNavigation })
    await links.getByRole("link", { name: texts.nav.devices }).click()
    await expect(content).toBeHidden()
    await links.getByRole("link", { name: texts.nav.account }).click()
    await expect(content).toBeVisible()
    release()
    await settle(page)
    await expect(content).toBeVisible()
    await expect(page).toHaveURL(`${servers.appUrl}/account`)
  })
})

test("the link that skips the navigation makes no entry in the history", async ({ openAs }) => {
  const page = await openAs(await createUser(servers), servers.appUrl)
  await page.goto("/account")
  await expect(page.getByText(texts.account.intro)).toBeVisible()
  await page.getByRole("link", { name: texts.nav.skip }).press("Enter")
  await expect(page.locator("#content")).toBeFocused()
  await follow(page, texts.nav.devices)
  await expect(page.getByRole("list", { name: texts.devices.list })).toBeVisible()
  await page.goBack()
  await expect(page.getByText(texts.account.intro)).toBeVisible()
})

test("a signed-out visitor who clicks a link to a protected page signs in and arrives there", async ({ openPage }) => {
  const user = await createUser(servers)
  const page = await openPage(servers.appUrl)
  await page.goto("/")
  await page.getByRole("link", { name: texts.landing.dashboardLink }).click()
  await signIn(page, user)
  await page.waitForURL(`${servers.appUrl}/dashboard`)
  await expectSignedIn(page, user)
})

test("a click after the session was revoked redirects to sign-in, then to the clicked page", async ({ openAs }) => {
  const user = await createUser(servers)
  const page = await openAs(user, servers.appUrl)
  await page.goto("/dashboard")
  await revokeSession(user.sessionId, servers.ory.adminUrl)
  await follow(page, texts.nav.account)
  await signIn(page, user)
  await page.waitForURL(`${servers.appUrl}/account`)
})

test("a form that is submitted after the session was revoked keeps the typed text and leads back to it after sign-in", async ({
  openAs,
}) => {
  const user = await createUser(servers)
  const page = await openAs(user, servers.appUrl)
  const firstName = page.getByRole("textbox", { name: texts.account.firstName })
  const save = page.getByRole("button", { name: texts.account.save })

  await test.step("with a session, the form saves", async () => {
    await page.goto("/account")
    await firstName.fill("Grace")
    await save.click()
    await expect(page.getByText(texts.account.saved)).toBeVisible()
    await openUserMenu(page)
    await expect(page.locator("#user-menu").getByText("Grace")).toBeVisible()
    await page.keyboard.press("Escape")
    await expect(page.getByText(texts.account.saved)).toBeVisible()
    await page.goto("/dashboard")
    await expect(page.getByRole("heading", { name: texts.dashboard.greeting("Grace") })).toBeVisible()
  })

  await test.step("without a session, the form keeps the text", async () => {
    await page.goto("/account")
    await revokeSession(user.sessionId, servers.ory.adminUrl)
    await firstName.fill("Ada")
    await save.click()
    await expect(page.getByText(texts.denied.signedOut)).toBeVisible()
    await expect(firstName).toHaveValue("Ada")
  })

  await test.step("after sign-in, the form has the text, which is not saved", async () => {
    await page.getByRole("link", { name: texts.denied.signIn }).click()
    await signIn(page, user)
    await page.waitForURL(`${servers.appUrl}/account`)
    await expect(firstName).toHaveValue("Ada")
    await page.reload()
    await expect(firstName).toHaveValue("Grace")
  })
})

test("a form that is submitted while Ory is unreachable keeps the typed text and works afterwards", async ({
  openAs,
}) => {
  const page = await openAs(await createUser(servers), servers.appUrl)
  const firstName = page.getByRole("textbox", { name: texts.account.firstName })
  const save = page.getByRole("button", { name: texts.account.save })
  await page.goto("/account")
  servers.relay.fault = "500"
  await firstName.fill("Ada")
  await save.click()
  await expect(page.getByText(texts.denied.unavailable)).toBeVisible()
  await expect(firstName).toHaveValue("Ada")
  servers.relay.fault = "none"
  await save.click()
  await expect(page.getByText(texts.account.saved)).toBeVisible()
})

test("static pages are the same for every visitor and set no cookie", async () => {
  const { cookie } = await createUser(servers)
  for (const path of ["/", "/icon.svg"]) {
    const [signedOut, signedIn] = await Promise.all([
      send(servers.appUrl, path),
      send(servers.appUrl, path, { headers: { cookie } }),
    ])
    expect(signedIn.body).toBe(signedOut.body)
    expect(signedIn.headers["set-cookie"]).toBeUndefined()
    expect(signedIn.headers["cache-control"]).toMatch(/s-maxage|max-age|public/)
  }
})

test("no cache may store protected pages or responses that set a cookie", async () => {
  const { cookie } = await createUser(servers)
  for (const path of ["/dashboard", "/account", "/account/settings", "/api/me"])
    for (const headers of [{}, { cookie }, { ...PAGE_LOAD, cookie }, PAGE_LOAD]) {
      const response = await send(servers.appUrl, path, { headers })
      expect(response.headers["cache-control"], `${path} ${response.status}`).toBe("private, no-store")
    }
  // For a 404, Next writes this header itself.
  for (const path of ["/api/refresh-session", "/auth/login", "/api/health", "/no-such-page"])
    expect((await send(servers.appUrl, path, { headers: { cookie } })).headers["cache-control"], path).toContain(
      "no-store",
    )
})
