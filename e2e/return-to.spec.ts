import { good, hostile } from "../lib/return-to.corpus"
import { expect, test } from "./fixtures"
import { browserCookies, signedIn } from "./http"
import { setting } from "./settings"

/** One in eight of the values that the unit tests try, with app, Ory and browser together: of those that a URL can carry. */
const sample = hostile(setting("APP_URL"))
  .filter((value) => value.isWellFormed())
  .filter((_, index) => index % 8 === 0)

test(`the browser never leaves app and Ory, whatever return_to says: ${sample.length} hostile values`, async ({
  browser,
}) => {
  test.setTimeout(180_000)
  expect(sample.length).toBeGreaterThanOrEqual(20)
  const app = setting("APP_URL")
  const person = await signedIn(setting("ORY_URL"), setting("ORY_ADMIN_URL"))
  const context = await browser.newContext()
  await context.addCookies(browserCookies(person, app))
  const page = await context.newPage()
  const origins = new Set<string>()
  page.on("request", (request) => {
    if (request.isNavigationRequest()) origins.add(new URL(request.url()).origin)
  })
  for (const value of sample) {
    // Someone who is signed in already is sent on by Ory at once, to wherever it was told.
    await page.goto(`${app}/auth/login?return_to=${encodeURIComponent(value)}`)
    expect(page.url(), value).toBe(`${app}/dashboard`)
  }
  expect([...origins].sort()).toEqual([app, setting("ORY_URL")].sort())
  await context.close()
})

test("values that are good arrive, query included", async ({ browser }) => {
  test.setTimeout(180_000)
  const app = setting("APP_URL")
  const person = await signedIn(setting("ORY_URL"), setting("ORY_ADMIN_URL"))
  const context = await browser.newContext()
  await context.addCookies(browserCookies(person, app))
  const page = await context.newPage()
  for (const { value, path } of good(app)) {
    await page.goto(`${app}/auth/login?return_to=${encodeURIComponent(value)}`)
    const [here, there] = [new URL(page.url()), new URL(path, app)]
    // Next takes a slash off the end.
    expect(here.origin + here.pathname, value).toBe(there.origin + (there.pathname.replace(/\/$/, "") || "/"))
    // The settings page begins a flow. Ory writes a space as + where others write %20: values are compared.
    here.searchParams.delete("flow")
    expect([...here.searchParams], value).toEqual([...there.searchParams])
  }
  await context.close()
})

for (const value of ["//evil.example/dashboard", "https://evil.example/", "/\\evil.example"])
  test(`after a refresh with return_to=${value} the browser is still here`, async ({ browser }) => {
    const app = setting("APP_URL")
    const person = await signedIn(setting("ORY_URL"), setting("ORY_ADMIN_URL"))
    const context = await browser.newContext()
    await context.addCookies(browserCookies(person, app))
    const page = await context.newPage()
    await page.goto(`${app}/api/refresh-session?return_to=${encodeURIComponent(value)}`)
    await page.waitForURL("**/auth/login**")
    await page.getByRole("textbox", { name: "Email" }).fill(person.email)
    await page.getByRole("textbox", { name: "Password" }).fill(person.password)
    await page.getByRole("button", { name: "Sign in", exact: true }).click()
    await page.waitForURL(`${app}/dashboard`)
    await context.close()
  })
