import {
  changePassword,
  codeFor,
  enterSecondFactor,
  expect,
  expectSettingsSaved,
  expectSignedIn,
  sessionOf,
  signIn,
  signOut,
  signUp,
  test,
  follow,
} from "./fixtures"
import { revokeSession } from "./http"
import { setting } from "./settings"
import { texts } from "./texts"

test("a user signs up, verifies the address, signs out, signs in and arrives at the requested page", async ({
  page,
  newAccount,
}) => {
  await signUp(page, newAccount)
  await expectSignedIn(page, newAccount)
  await signOut(page)
  await expect(page.getByRole("heading", { level: 1 })).toBeVisible()

  await page.goto("/dashboard?tab=a%20b&tab=c")
  await signIn(page, newAccount)
  // Ory writes the space as a plus sign.
  await page.waitForURL(`${setting("APP_URL")}/dashboard?tab=a+b&tab=c`)
  await expectSignedIn(page, newAccount)
})

test("a user who forgot the password signs in with a code from an email and sets a new password", async ({
  page,
  newAccount,
}) => {
  await signUp(page, newAccount)
  await signOut(page)

  await test.step("sign in with a recovery code", async () => {
    await page.goto("/auth/login")
    await page.getByRole("link", { name: texts.forms.forgotPassword }).click()
    await page.getByRole("textbox", { name: texts.ory.email }).fill(newAccount.email)
    const before = await codeFor(newAccount.email)
    await page.getByRole("button", { name: texts.ory.continue }).click()
    await enterSecondFactor(page, await codeFor(newAccount.email, before))
    await page.waitForURL("**/account/settings**")
  })

  const changed = { ...newAccount, password: `${newAccount.password} and new` }
  await test.step("set a new password", async () => {
    await changePassword(page, changed.password)
    await page.waitForURL("**/dashboard")
    await signOut(page)
  })

  await test.step("sign in with the new password", async () => {
    await page.goto("/dashboard")
    await signIn(page, changed)
    await page.waitForURL("**/dashboard")
  })
})

test("after a password change in settings, only the new password works", async ({ page, newAccount }) => {
  await signUp(page, newAccount)
  await follow(page, texts.nav.settings)
  await page.waitForURL("**/account/settings?flow=**")
  const changed = { ...newAccount, password: `${newAccount.password} and new` }
  await changePassword(page, changed.password)
  await expectSettingsSaved(page)
  await signOut(page)

  await page.goto("/dashboard")
  await signIn(page, newAccount)
  await expect(page.getByText(texts.ory.wrongPassword)).toBeVisible()
  await signIn(page, changed)
  await page.waitForURL("**/dashboard")
})

test("refreshing extends the session and keeps its id", async ({ page, newAccount }) => {
  await signUp(page, newAccount)
  const before = await sessionOf(page)

  await page.getByText(texts.dashboard.session).click()
  await page.getByRole("link", { name: texts.dashboard.refreshSession }).click()
  await signIn(page, newAccount)
  await page.waitForURL("**/dashboard")

  const after = await sessionOf(page)
  expect(after.id).toBe(before.id)
  expect(Date.parse(after.authenticated_at)).toBeGreaterThan(Date.parse(before.authenticated_at))
  expect(Date.parse(after.expires_at)).toBeGreaterThan(Date.parse(before.expires_at))
})

test("with aal=aal2, a user without a valid session signs in first", async ({ request, openAs, user }) => {
  const aalAfter = async (headers: Record<string, string>): Promise<string | null> => {
    const response = await request.get("/api/refresh-session?aal=aal2", { maxRedirects: 0, headers })
    expect(response.status()).toBe(303)
    return new URL(response.headers().location ?? "").searchParams.get("aal")
  }
  expect(await aalAfter({})).toBeNull()
  expect(await aalAfter({ cookie: user.cookie })).toBe("aal2")

  // The browser still has the cookie of a session that was revoked on another device.
  await revokeSession(user.sessionId)
  expect(await aalAfter({ cookie: user.cookie })).toBeNull()
  const page = await openAs(user)
  await page.goto("/auth/login?aal=aal2&return_to=/account")
  await signIn(page, user)
  await page.waitForURL("**/account")
})

test("a browser that keeps no cookies gets a message instead of a redirect loop", async ({ request, playwright }) => {
  const started = await request.get(`${setting("ORY_URL")}/self-service/login/browser`, { maxRedirects: 0 })
  const withoutCookies = await playwright.request.newContext()
  const response = await withoutCookies.get(started.headers().location ?? "", { maxRedirects: 0 })
  expect(response.status()).toBe(200)
  expect(await response.text()).toContain(texts.cookiesNotKept)
  await withoutCookies.dispose()
})
