import type { Page } from "playwright/test"
import { expect, expectSignedIn, signIn, test } from "../../e2e/fixtures"
import { PAGE_LOAD, send } from "../../e2e/http"
import { setting } from "../../e2e/settings"
import { texts } from "../../e2e/texts"

const PAGES = ["/auth/login", "/auth/registration", "/auth/recovery", "/auth/verification"]

/** The documents that a page's browser loads, as paths, and the flows that it shows. */
function documents(page: Page): string[] {
  const paths: string[] = []
  page.on("request", (request) => {
    if (request.isNavigationRequest()) paths.push(new URL(request.url()).pathname)
  })
  return paths
}

const flowOf = (page: Page): string => new URL(page.url()).searchParams.get("flow") ?? ""

for (const path of PAGES)
  test(`${path} loads as one document, and a reload keeps its flow`, async ({ page }) => {
    const loaded = documents(page)
    const response = await page.goto(`${path}?return_to=/account`)
    expect(response?.status()).toBe(200)
    expect(response?.headers()["cache-control"]).toContain("no-store")
    await expect(page.getByRole("textbox").first()).toBeVisible()
    await expect.poll(() => flowOf(page)).toMatch(/^[\da-f-]{36}$/)
    expect(loaded).toEqual([path])
    const flow = flowOf(page)
    await page.reload()
    await expect(page.getByRole("textbox").first()).toBeVisible()
    expect([flowOf(page), loaded]).toEqual([flow, [path, path]])
  })

test("a wrong password, then the right one, signs in and returns to the requested page", async ({ page, user }) => {
  const loaded = documents(page)
  await page.goto("/auth/login?return_to=/account")
  await signIn(page, { ...user, password: "wrong" })
  await expect(page.getByText(/credentials are invalid/)).toBeVisible()
  await signIn(page, user)
  await page.waitForURL("**/account")
  expect(loaded).toEqual(["/auth/login", "/account"])
})

test("after a sign-in in another tab, the form of this tab leads to its page", async ({ page, user }) => {
  const other = await page.context().newPage()
  await page.goto("/auth/login?return_to=/account")
  await expect(page.locator("input[name=password]")).toBeEnabled()
  // A page compares its flow with that of the last tab for two seconds.
  await page.waitForTimeout(2500)
  await other.goto("/auth/login")
  await signIn(other, user)
  await expectSignedIn(other, user)
  await signIn(page, user)
  await expect(page).toHaveURL(`${setting("APP_URL")}/account`)
  await expectSignedIn(page, user)
})

test("going back to the sign-in page keeps its flow", async ({ page }) => {
  await page.goto("/auth/login")
  await expect.poll(() => flowOf(page)).not.toBe("")
  const flow = flowOf(page)
  await page.goto("/")
  await page.goBack()
  await expect(page.locator("input[name=identifier]")).toBeVisible()
  expect(flowOf(page)).toBe(flow)
})

test("a browser that opens another browser's link gets a new flow", async ({ page, openPage }) => {
  await page.goto("/auth/login?return_to=/account")
  await expect.poll(() => flowOf(page)).not.toBe("")
  const other = await openPage()
  await other.goto("/auth/login")
  await other.goto(page.url())
  await expect(other.locator("input[name=identifier]")).toBeVisible()
  await expect.poll(() => flowOf(other)).toMatch(/.{36}/)
  expect(flowOf(other)).not.toBe(flowOf(page))
})

test("a signed-in user is redirected to the requested page, and can sign in again with refresh", async ({
  signedInPage: page,
  user,
}) => {
  for (const path of ["/auth/login", "/auth/registration"]) {
    await page.goto(`${path}?return_to=/account`)
    expect(new URL(page.url()).pathname).toBe("/account")
  }
  await page.goto("/auth/login?return_to=https://evil.example/")
  expect(page.url()).toBe(`${setting("APP_URL")}/dashboard`)

  const loaded = documents(page)
  await page.goto("/auth/login?refresh=true&return_to=/account")
  await expect(page.locator("input[name=password]")).toBeVisible()
  await expect.poll(() => flowOf(page)).not.toBe("")
  await page.locator("input[name=password]").fill(user.password)
  await page.locator("button[name=method][value=password]").click()
  await page.waitForURL("**/account")
  expect(loaded).toEqual(["/auth/login", "/account"])
})

test("two new tabs at once both sign in", async ({ openPage, user }) => {
  const first = await openPage()
  const second = await first.context().newPage()
  await Promise.all([first.goto("/auth/login"), second.goto("/auth/login")])
  for (const tab of [first, second]) {
    await expect.poll(() => flowOf(tab)).not.toBe("")
    await expect(tab.locator("input[name=identifier]")).toBeVisible()
  }
  // A tab whose cookie was replaced gets a new flow.
  for (const tab of [first, second])
    await expect
      .poll(async () =>
        (await tab.request.get(`${setting("ORY_URL")}/self-service/login/flows?id=${flowOf(tab)}`)).status(),
      )
      .toBe(200)
  await signIn(second, user)
  await second.waitForURL("**/dashboard")
  await first.goto("/account")
  await expectSignedIn(first, user)
})

test("a browser without cookies gets a message instead of a form", async ({ openPage }) => {
  // Chromium does not let a page from a test's own response load a script of Ory's from this machine.
  const page = await openPage(undefined, { expectedErrors: /webauthn\.js/ })
  await page.route("**/auth/**", async (route) => {
    const { pathname, search } = new URL(route.request().url())
    const { status, headers, body } = await send(setting("APP_URL"), pathname + search, { headers: PAGE_LOAD })
    const { "content-type": type = "", "content-security-policy": policy = "" } = headers
    const kept = { "content-type": type, "content-security-policy": String(policy) }
    await route.fulfill({ status, headers: kept, body: Buffer.from(body, "latin1") })
  })
  const loaded = documents(page)
  await page.goto("/auth/login")
  await expect(page.getByRole("heading", { name: texts.cookiesNotKept })).toBeVisible()
  expect(loaded).toEqual(["/auth/login", "/auth/login"])
})

test("prefetches, router fetches and clients without Sec-Fetch headers get no flow from the gate", async () => {
  for (const path of PAGES)
    for (const headers of [
      { ...PAGE_LOAD, "sec-purpose": "prefetch" },
      { ...PAGE_LOAD, "sec-fetch-dest": "iframe" },
      { accept: "*/*", "sec-fetch-dest": "empty", rsc: "1" },
      { accept: "text/html" },
    ]) {
      const response = await send(setting("APP_URL"), path, { headers })
      expect([path, headers, response.headers["set-cookie"]]).toEqual([path, headers, undefined])
    }
  const robots = await send(setting("APP_URL"), "/robots.txt")
  expect([robots.status, robots.body]).toEqual([200, expect.stringContaining("Disallow: /auth/")])
})
