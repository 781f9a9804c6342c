import { readFile } from "node:fs/promises"
import { TOTP } from "otpauth"
import type { Locator, Page, Route } from "playwright/test"
import {
  codeField,
  addAuthenticator,
  changePassword,
  codeFor,
  expect,
  expectSettingsSaved,
  expectSignedIn,
  signIn,
  signUp,
  submitRegistration,
  submitTraits,
  test,
  follow,
} from "../../e2e/fixtures"
import { createIdentity, PAGE_LOAD, randomAccount, revokeSession, send } from "../../e2e/http"
import { setting } from "../../e2e/settings"
import { texts } from "../../e2e/texts"

/** Each form shows an error at its field, moves the focus there, and links to the next step. */

/** The error of a field, as a screen reader announces it with the field. */
async function expectErrorAt(page: Page, name: string, text: RegExp): Promise<void> {
  const field = page.locator(`input[name="${name}"]`)
  await expect(field).toBeFocused()
  await expect(field).toHaveAttribute("aria-invalid", "true")
  await expect(field).toHaveAccessibleDescription(text)
  await expect(page.locator(`[role=alert][id="${name}-messages"]`)).toHaveText(text)
}

const REQUIRED = /fill out this field|fill in this field/i

for (const [path, field, button] of [
  ["/auth/login", "identifier", texts.ory.sendSignInCode],
  ["/auth/login", "identifier", texts.ory.signInWithPassword],
  ["/auth/registration", "traits.email", texts.ory.signUp],
  ["/auth/recovery", "email", texts.ory.continue],
  ["/auth/verification", "email", texts.ory.continue],
] as const)
  test(`${path}: the button ${button} with an empty address shows an error at the field`, async ({ page }) => {
    await page.goto(path)
    await page.getByRole("button", { name: button }).first().click()
    await expectErrorAt(page, field, REQUIRED)

    await page.locator(`input[name="${field}"]`).fill("not an address")
    await page.getByRole("button", { name: button }).first().click()
    if (field !== "identifier") await expectErrorAt(page, field, /@/)
  })

test("a wrong password focuses the empty password field and shows both ways on", async ({ page, user }) => {
  await page.goto("/auth/login?return_to=/account")
  await signIn(page, { ...user, password: "wrong password" })
  await expect(page.getByRole("alert").filter({ hasText: texts.ory.wrongPassword })).toBeVisible()
  await expect(page.locator("input[name=password]")).toBeFocused()
  await expect(page.locator("input[name=identifier]")).toHaveValue(user.email)

  await page.getByRole("link", { name: texts.forms.resetPassword }).click()
  await page.waitForURL("**/auth/recovery**")
  await expect(page.locator("input[name=email]")).toHaveValue(user.email)
  expect(page.url()).not.toContain(encodeURIComponent(user.email))

  await page.goto("/auth/login?return_to=/account")
  await signIn(page, { ...user, password: "wrong password" })
  await page.getByRole("link", { name: texts.forms.createAccount }).click()
  await page.waitForURL("**/auth/registration**")
  await expect(page.locator('input[name="traits.email"]')).toHaveValue(user.email)
})

test("a new password that is too short is announced at its field", async ({ signedInPage: page }) => {
  await page.goto("/account/settings")
  const form = page.getByRole("form", { name: texts.forms.password })
  await form.locator("input[name=password]").fill("short")
  await form.getByRole("button", { name: texts.ory.save }).click()
  await expectErrorAt(page, "password", /at least 8 characters/)
})

test("the result of a change is said once, in its section, which has the focus", async ({
  signedInPage: page,
  user,
}) => {
  await page.goto("/account/settings")
  const form = page.getByRole("form", { name: texts.forms.password })
  await form.locator("input[name=password]").fill(`${user.password} too`)
  await form.getByRole("button", { name: texts.ory.save }).click()
  await expectSettingsSaved(page)
  await expect(page.getByText(texts.ory.saved)).toHaveCount(1)
  await expect(form.getByRole("status").filter({ hasText: texts.ory.saved })).toBeVisible()
  await expect(form.getByRole("heading")).toBeFocused()
})

for (const [fault, respond] of [
  // The browser hides a response that does not allow this app's origin.
  ["500", (route: Route, origin: string) => route.fulfill({ status: 500, json: {}, headers: allow(origin) })],
  ["no response", (route: Route) => route.abort()],
] as const)
  test(`a form says that it was not processed after ${fault} from Ory, keeps its input, and can be sent again`, async ({
    openPage,
    user,
  }) => {
    const page = await openPage(undefined, { expectedErrors: /^500 |^net::|^page error: / })
    await page.goto("/auth/login?return_to=/account")
    await page.route("**/self-service/login?**", (route) => respond(route, setting("APP_URL")))
    await signIn(page, user)
    await expect(page.getByRole("alert").filter({ hasText: texts.forms.notProcessed })).toBeVisible()
    await expect(page.locator("input[name=identifier]")).toHaveValue(user.email)
    await expect(page.locator("input[name=identifier]")).toBeFocused()

    await page.unroute("**/self-service/login?**")
    await signIn(page, user)
    await page.waitForURL("**/account")
  })

const allow = (origin: string): Record<string, string> => ({
  "access-control-allow-origin": origin,
  "access-control-allow-credentials": "true",
})

test("a settings form of a session that was revoked leads to sign-in and back", async ({ openAs, user }) => {
  const page = await openAs(user, undefined, { expectedErrors: /^401 / })
  await page.goto("/account/settings")
  await revokeSession(user.sessionId)
  await changePassword(page, `${user.password} too`)
  await page.waitForURL("**/auth/login**")
  await signIn(page, user)
  await page.waitForURL("**/account/settings**")
})

test("a registered address at sign-up leads to sign-in with the address kept", async ({ page, user }) => {
  await page.goto("/auth/registration?return_to=/account")
  await page.locator('input[name="traits.email"]').fill(user.email)
  await page.getByRole("button", { name: texts.ory.signUp }).click()
  const password = page.getByRole("button", { name: texts.ory.choosePassword })
  const link = page.getByRole("link", { name: texts.forms.signInInstead })
  await expect(password.or(link)).toBeVisible()
  if (await password.isVisible()) {
    await password.click()
    await page.locator("input[name=password]").fill(user.password)
    await page.getByRole("button", { name: texts.ory.signUp }).click()
  }
  await link.click()
  await page.waitForURL("**/auth/login**")
  await expect(page.locator("input[name=identifier]")).toHaveValue(user.email)
  await signIn(page, user)
  await page.waitForURL("**/account")
})

test("a sign-in code for an address without an account leads to sign-up with the address kept", async ({
  page,
  newAccount,
}) => {
  await page.goto("/auth/login?return_to=/account")
  await page.locator("input[name=identifier]").fill(newAccount.email)
  await page.getByRole("button", { name: texts.ory.sendSignInCode }).click()
  await page.getByRole("link", { name: texts.forms.createAccount }).click()
  await page.waitForURL("**/auth/registration**")
  await expect(page.locator('input[name="traits.email"]')).toHaveValue(newAccount.email)
})

test("after sign-up, the page names the address, sends a new code, and lets the user continue without confirming", async ({
  page,
  newAccount,
}) => {
  await page.goto("/auth/registration?return_to=/account")
  await submitRegistration(page, newAccount)
  const first = await codeFor(newAccount.email)
  await expect(page.getByTestId("ory/card").getByText(newAccount.email)).toBeVisible()
  await page.getByRole("button", { name: texts.ory.resendCode }).click()
  await expect(page.getByRole("status").filter({ hasText: texts.forms.newCodeSent })).toBeVisible()
  const second = await codeFor(newAccount.email, first)

  await page.getByRole("link", { name: texts.forms.confirmLater }).click()
  await page.waitForURL("**/account")
  await expect(page.getByText(texts.account.unconfirmed)).toBeVisible()

  await page.goBack()
  await codeField(page).fill(second)
  await page.getByRole("button", { name: texts.ory.continue, exact: true }).click()
  const next = page.getByRole("link", { name: texts.ory.continue })
  await expect(next).toBeVisible()
  await expect(page.getByText(texts.forms.enterAddress)).toHaveCount(0)
  await next.click()
  await page.waitForURL("**/account")
  await expect(page.getByText(texts.account.unconfirmed)).toHaveCount(0)
})

test("an unverified user confirms the address from the account page", async ({ page }) => {
  const account = randomAccount()
  await createIdentity(setting("ORY_ADMIN_URL"), account, { verified: false })
  await page.goto("/account")
  await signIn(page, account)
  await page.waitForURL("**/account")
  await page.getByRole("link", { name: texts.account.confirmAddress }).click()
  await page.waitForURL("**/auth/verification**")
  await expect(page.locator("input[name=email]")).toHaveValue(account.email)
  await page.getByRole("button", { name: texts.ory.continue, exact: true }).click()
  await codeField(page).fill(await codeFor(account.email))
  await page.getByRole("button", { name: texts.ory.continue, exact: true }).click()
  await page.getByRole("link", { name: texts.ory.continue }).click()
  await page.waitForURL("**/account")
  await expectSignedIn(page, account)
  await expect(page.getByText(texts.account.unconfirmed)).toHaveCount(0)
})

test("the address is filled in when a signed-in user signs in again", async ({ signedInPage: page, user }) => {
  await page.goto("/api/refresh-session?return_to=/account")
  await page.waitForURL("**/auth/login**")
  await expect(page.locator("input[name=identifier]")).toHaveValue(user.email)
  await page.locator("input[name=password]").fill(user.password)
  await page.locator("button[name=method][value=password]").click()
  await page.waitForURL("**/account")
})

test("backup codes can be downloaded, and removing them asks first", async ({ page, newAccount }) => {
  await signUp(page, newAccount)
  await page.goto("/account/settings")
  await page.getByRole("button", { name: texts.ory.enableBackupCodes }).click()
  const download = page.waitForEvent("download")
  await page.getByRole("link", { name: texts.forms.downloadCodes }).click()
  expect((await readFile(await (await download).path(), "utf8")).split("\n")).toHaveLength(12)
  await page.getByRole("button", { name: texts.ory.confirmBackupCodes }).click()
  await expectSettingsSaved(page)
  const remove = page.getByRole("button", { name: texts.ory.disableMethod })
  await remove.click()
  const dialog = page.getByRole("dialog")
  await expect(dialog).toBeVisible()
  await dialog.getByRole("button", { name: texts.forms.cancel }).click()
  await expect(dialog).toBeHidden()
  await expect(remove).toBeFocused()
  await remove.click()
  await dialog.getByRole("button", { name: texts.ory.disableMethod }).click()
  await expect(page.getByRole("button", { name: texts.ory.enableBackupCodes })).toBeVisible()
  await expectSettingsSaved(page)
  await expect(page.getByRole("form", { name: texts.forms.backupCodes }).getByRole("heading")).toBeFocused()
})

test("the only way to sign in cannot be removed, and the page says why", async ({
  openPage,
  ownServers,
  newAccount,
}) => {
  const servers = await ownServers({ kratos: { SELFSERVICE_METHODS_CODE_PASSWORDLESS_ENABLED: "false" } })
  const page = await openPage(servers.appUrl)
  const authenticator = await addAuthenticator(page)
  await page.goto("/auth/registration")
  await submitTraits(page, newAccount.email)
  await authenticator.whileTouched(async () => {
    await page.getByRole("button", { name: texts.ory.choosePasskey }).click()
    await page.waitForURL("**/auth/verification**")
  })
  await page.goto("/account/settings")
  const passkeys = page.getByRole("form", { name: texts.forms.passkeys })
  await expect(passkeys.getByRole("button", { name: texts.ory.removePasskey })).toBeDisabled()
  await expect(passkeys.getByText(texts.forms.onlyWayToSignIn)).toBeVisible()

  await changePassword(page, newAccount.password)
  await expectSettingsSaved(page)
  await page.reload()
  await expect(passkeys.getByText(texts.forms.onlyWayToSignIn)).toHaveCount(0)
  await passkeys.getByRole("button", { name: texts.ory.removePasskey }).click()
  await page.getByRole("dialog").getByRole("button", { name: texts.ory.removePasskey }).click()
  await expectSettingsSaved(page)
  await expect(passkeys.getByRole("listitem")).toHaveCount(0)
})

test("without JavaScript, flow pages say that they need it, instead of a form that does nothing", async ({
  openPage,
}) => {
  const page = await openPage(undefined, {
    javaScriptEnabled: false,
    expectedErrors: /^csp |^console: Applying inline style/,
  })
  for (const path of ["/auth/login", "/auth/registration", "/auth/recovery", "/auth/verification"]) {
    await page.goto(path)
    await expect(page.locator("noscript p")).toBeVisible()
    await expect(page.locator("noscript p")).toContainText(texts.forms.needsJavaScript)
    await expect(page.getByRole("button")).toHaveCount(0)
  }
})

test("an unknown path has its own title, and links to the pages that exist", async ({ openAs, user }) => {
  const page = await openAs(user, undefined, { expectedErrors: /^404 / })
  await page.goto("/no-such-page")
  await page.waitForLoadState("networkidle")
  await expect(page).toHaveTitle(new RegExp(`^${texts.notFound} · `))
  await expect(page.getByRole("heading", { name: texts.notFound, level: 1 })).toBeVisible()
  await follow(page, texts.nav.devices)
  await page.waitForURL("**/account/devices")
})

test("password managers find the pages for passwords and passkeys", async ({ signedInPage: page }) => {
  const endpoints = await send(setting("APP_URL"), "/.well-known/passkey-endpoints")
  expect(endpoints.status).toBe(200)
  const url = `${setting("APP_URL")}/account/settings#passkey-settings`
  expect(JSON.parse(endpoints.body)).toEqual({ enroll: url, manage: url })

  const change = await send(setting("APP_URL"), "/.well-known/change-password", { headers: PAGE_LOAD })
  expect([change.status, change.headers.location]).toEqual([
    303,
    `${setting("APP_URL")}/account/settings#password-settings`,
  ])
  await page.goto("/.well-known/change-password")
  await page.waitForURL("**/account/settings?flow=**#password-settings")
  await expect(page.getByRole("form", { name: texts.forms.password })).toBeInViewport()
})

interface Keyboard {
  press: (...keys: string[]) => Promise<void>
  /** Presses Tab until this element has the focus. */
  tabTo: (target: Locator) => Promise<void>
}

function keyboard(page: Page): Keyboard {
  const press = async (...keys: string[]): Promise<void> => {
    for (const key of keys) await page.keyboard.press(key)
  }
  const tabTo = async (target: Locator): Promise<void> => {
    for (let presses = 0; presses < 60; presses++) {
      if (await target.evaluate((element) => element === document.activeElement)) return
      await press("Tab")
    }
    throw new Error(`Tab does not reach ${target.toString()}.`)
  }
  return { press, tabTo }
}

test("the keyboard alone signs out another device and confirms a sign-in", async ({ openPage, openAs, user }) => {
  const device = await openPage(undefined, {
    userAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
  })
  await device.goto("/account")
  await signIn(device, user)
  await device.waitForURL("**/account")

  const page = await openAs(user)
  const { press, tabTo } = keyboard(page)
  await page.goto("/account/devices")
  const devices = page.getByRole("list", { name: texts.devices.list })
  await expect(devices.getByRole("listitem")).toHaveCount(2)
  await tabTo(page.getByRole("button", { name: texts.devices.signOutDevice(texts.devices.firefoxOnWindows) }))
  await press("Enter")
  await expect(page.getByText(texts.devices.deviceSignedOut)).toBeVisible()
  await expect(devices.getByRole("listitem")).toHaveCount(1)
  await expect(devices).toBeFocused()

  await page.goto("/api/refresh-session?return_to=/account")
  await page.waitForURL("**/auth/login**")
  await tabTo(page.locator("input[name=password]"))
  await page.keyboard.type(user.password)
  await press("Enter")
  await page.waitForURL("**/account")
})

test("the keyboard alone signs in, skips the navigation, and removes a second factor only after a question", async ({
  page,
  newAccount,
}) => {
  const { press, tabTo } = keyboard(page)
  await test.step("sign-up with verification", async () => {
    await page.goto("/auth/registration?return_to=/account")
    await expect(page.locator('input[name="traits.email"]')).toBeFocused()
    await page.keyboard.type(newAccount.email)
    await press("Enter")
    await tabTo(page.getByRole("button", { name: texts.ory.choosePassword }))
    await press("Enter")
    await expect(page.locator("input[name=password]")).toBeFocused()
    await page.keyboard.type(newAccount.password)
    await press("Enter")
    await page.waitForURL("**/auth/verification**")
    await expect(codeField(page)).toBeFocused()
    await page.keyboard.type(await codeFor(newAccount.email))
    await press("Enter")
    await tabTo(page.getByRole("link", { name: texts.ory.continue }))
    await press("Enter")
    await page.waitForURL("**/account")
  })

  await test.step("the first Tab offers to skip the navigation", async () => {
    await page.goto("/account/settings")
    await press("Tab")
    await expect(page.getByRole("link", { name: texts.nav.skip })).toBeFocused()
    await press("Enter", "Tab")
    await expect(page.locator('input[name="traits.email"]')).toBeFocused()
  })

  await test.step("an authenticator app is set up, and removed only after a question", async () => {
    await tabTo(page.getByText(texts.forms.setUp))
    await press("Enter")
    await tabTo(page.locator("input[name=totp_secret_key]"))
    const totp = new TOTP({ secret: await page.locator("input[name=totp_secret_key]").inputValue() })
    await press("Tab")
    await page.keyboard.type(totp.generate())
    await press("Enter")
    await expectSettingsSaved(page)

    const remove = page.getByRole("button", { name: texts.ory.unlinkAuthenticator })
    await tabTo(remove)
    await press("Enter")
    await expect(page.getByRole("dialog")).toBeVisible()
    await press("Escape")
    await expect(page.getByRole("dialog")).toBeHidden()
    await expect(remove).toBeFocused()
    await press("Enter")
    await tabTo(page.getByRole("dialog").getByRole("button", { name: texts.ory.unlinkAuthenticator }))
    await press("Enter")
    await expect(page.getByRole("form", { name: texts.forms.authenticator }).getByRole("heading")).toBeFocused()
    await expect(page.getByText(texts.forms.setUp)).toBeVisible()
  })

  await test.step("sign-in", async () => {
    await tabTo(page.getByRole("button", { name: texts.nav.userMenu }))
    await press("Enter")
    await tabTo(page.getByRole("button", { name: texts.nav.signOut }))
    await press("Enter")
    await page.waitForURL((url) => url.pathname === "/")
    await page.goto("/account")
    await page.waitForURL("**/auth/login**")
    await expect(page.locator("input[name=identifier]")).toBeFocused()
    await page.keyboard.type(newAccount.email)
    await tabTo(page.locator("input[name=password]"))
    await page.keyboard.type(newAccount.password)
    await press("Enter")
    await page.waitForURL("**/account")
  })
})
