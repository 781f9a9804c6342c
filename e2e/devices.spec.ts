import type { Browser, BrowserContext, Page } from "playwright/test"
import { expect, test, watch } from "./fixtures"
import { browserCookies, signedIn, type SignedIn } from "./http"
import { setting } from "./settings"

const FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"

async function open(
  browser: Browser,
  person: SignedIn,
  userAgent?: string,
): Promise<{ context: BrowserContext; page: Page; errors: string[] }> {
  const context = await browser.newContext({
    baseURL: setting("APP_URL"),
    locale: "de-DE",
    timezoneId: "Asia/Tokyo",
    userAgent,
  })
  const page = await context.newPage()
  const errors = watch(page)
  await page.goto("/dashboard")
  await page.waitForURL("**/auth/login**")
  await page.locator("input[name=identifier]").fill(person.email)
  await page.locator("input[name=password]").fill(person.password)
  await page.locator("button[name=method][value=password]").click()
  await page.waitForURL("**/dashboard")
  return { context, page, errors }
}

test("a device that is signed out is out at its next change at once, and for reading within the snapshot's seconds", async ({
  browser,
}) => {
  test.setTimeout(120_000)
  const person = await signedIn(setting("ORY_URL"), setting("ORY_ADMIN_URL"))
  const here = await open(browser, person)
  const there = await open(browser, person, FIREFOX)
  await there.page.goto("/account")
  const firstName = there.page.getByRole("textbox", { name: "First name" })
  await firstName.fill("Ada")
  await there.page
    .context()
    .newPage()
    .then(async (reader) => {
      await reader.goto("/dashboard")
      await expect(reader.getByRole("main")).toContainText(person.email)
      await reader.close()
    })

  await here.page.getByRole("link", { name: "Devices" }).click()
  const devices = here.page.getByRole("listitem")
  // The third is the one that made the account.
  await expect(devices).toHaveCount(3)
  await expect(devices.first()).toContainText("This device")
  await expect(devices.first()).toContainText(/Chrome.* on (Linux|macOS)/)
  const firefox = devices.filter({ hasText: "Firefox on Windows" })
  await expect(firefox).toContainText("Password")
  await expect(firefox).toContainText(/(127\.0\.0\.1|::1) ·/)
  // The browser's language and zone, not the server's.
  const today = new Intl.DateTimeFormat("de-DE", { dateStyle: "medium", timeZone: "Asia/Tokyo" }).format(new Date())
  await expect(firefox).toContainText(today)

  await firefox.getByRole("button", { name: "Sign out Firefox on Windows" }).click()
  await expect(here.page.getByText("That device is signed out.")).toBeVisible()
  await expect(devices).toHaveCount(2)

  await there.page.getByRole("button", { name: "Save" }).click()
  await expect(there.page.getByText("Nothing was changed. You are signed out.")).toBeVisible()
  await expect(firstName).toHaveValue("Ada")
  await there.page.goto("/account")
  await there.page.waitForURL("**/auth/login**")
  await expect
    .poll(async () => (await there.context.request.get("/dashboard", { maxRedirects: 0 })).status(), {
      timeout: 35_000,
    })
    .toBe(303)

  // The one that stays is not bothered.
  await here.page.goto("/dashboard")
  await expect(here.page.getByRole("main")).toContainText(person.email)
  expect([...here.errors, ...there.errors]).toEqual([])
})

test("a session that is someone else's, made up, or already out gets a clear answer, and nothing happens", async ({
  browser,
}) => {
  const [person, stranger] = [
    await signedIn(setting("ORY_URL"), setting("ORY_ADMIN_URL")),
    await signedIn(setting("ORY_URL"), setting("ORY_ADMIN_URL")),
  ]
  const context = await browser.newContext({ baseURL: setting("APP_URL") })
  await context.addCookies(browserCookies(person, setting("APP_URL")))
  const page = await context.newPage()
  const errors = watch(page)
  const other = await open(browser, person, FIREFOX)

  const button = page.getByRole("button", { name: /^Sign out Firefox/ })
  for (const id of [stranger.sessionId, "00000000-0000-4000-8000-000000000000", "made-up", ""]) {
    await page.goto("/account/devices")
    await button.evaluate((element, value) => {
      element.setAttribute("value", value)
    }, id)
    await button.click()
    await expect(page.getByText("That device is already signed out.")).toBeVisible()
  }
  await page.goto("/account/devices")
  await button.evaluate((element, value) => {
    element.setAttribute("value", value)
  }, person.sessionId)
  await button.click()
  await expect(page.getByText("This is the device you are using.")).toBeVisible()

  const status = async (cookie: string): Promise<number> =>
    (await fetch(`${setting("ORY_URL")}/sessions/whoami`, { headers: { cookie } })).status
  expect(await status(stranger.cookie)).toBe(200)
  expect(await status(person.cookie)).toBe(200)
  await other.page.goto("/account")
  await expect(other.page).toHaveURL(`${setting("APP_URL")}/account`)
  expect([...errors, ...other.errors]).toEqual([])
})
