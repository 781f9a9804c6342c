import { good, hostile } from "../lib/return-to.corpus"
import { expect, signIn, submitRegistration, test } from "./fixtures"
import { setting } from "./settings"
import { texts } from "./texts"

/** A signed-in user is redirected from the login page at once. */
const loginUrl = (returnTo: string): string => `/auth/login?return_to=${encodeURIComponent(returnTo)}`

test("the browser stays on this app for hostile values of return_to", async ({ signedInPage: page }) => {
  test.setTimeout(180_000)
  const app = setting("APP_URL")
  // Every eighth value of the unit tests' corpus that a URL can carry.
  const sample = hostile(app)
    .filter((value) => value.isWellFormed())
    .filter((_, index) => index % 8 === 0)
  expect(sample.length).toBeGreaterThanOrEqual(20)
  const origins = new Set<string>()
  page.on("request", (request) => {
    if (request.isNavigationRequest()) origins.add(new URL(request.url()).origin)
  })
  for (const value of sample) {
    await page.goto(loginUrl(value), { waitUntil: "commit" })
    expect(page.url(), value).toBe(`${app}/dashboard`)
  }
  expect([...origins]).toEqual([app])
})

test("the browser arrives at a valid return_to, with its query", async ({ openAs, user }) => {
  test.setTimeout(180_000)
  const app = setting("APP_URL")
  // Some of these pages do not exist, and some need a second factor.
  const page = await openAs(user, app, { expectedErrors: /^40[34] / })
  for (const { value, path } of good(app)) {
    await page.goto(loginUrl(value), { waitUntil: "commit" })
    const [actual, expected] = [new URL(page.url()), new URL(path, app)]
    // Next removes a trailing slash.
    expect(actual.origin + actual.pathname, value).toBe(expected.origin + (expected.pathname.replace(/\/$/, "") || "/"))
    // The settings page adds its flow. Ory encodes a space in another way, so the decoded values are compared.
    actual.searchParams.delete("flow")
    expect([...actual.searchParams], value).toEqual([...expected.searchParams])
  }
})

for (const value of ["//evil.example/dashboard", "https://evil.example/", "/\\evil.example"])
  test(`a refresh with return_to=${value} ends at this app`, async ({ signedInPage: page, user }) => {
    await page.goto(`/api/refresh-session?return_to=${encodeURIComponent(value)}`)
    await signIn(page, user)
    await page.waitForURL(`${setting("APP_URL")}/dashboard`)
  })

test("after a sign-up, the link to confirm the address later leads to this app, although Ory names another site", async ({
  page,
  newAccount,
}) => {
  const link = page.getByRole("link", { name: texts.forms.confirmLater })
  const evil = encodeURIComponent("https://evil.example/")
  await page.goto(`${setting("ORY_URL")}/self-service/registration/browser?after_verification_return_to=${evil}`)
  await submitRegistration(page, newAccount)
  await expect(link).toHaveAttribute("href", `${setting("APP_URL")}/dashboard`)
})

test("the settings open for a flow with a relative return_to", async ({ signedInPage: page }) => {
  await page.goto(`${setting("ORY_URL")}/self-service/settings/browser?return_to=/dashboard`)
  await expect(page.getByRole("heading", { name: texts.settings.title, level: 1 })).toBeVisible()
})
