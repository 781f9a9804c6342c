import type { Page } from "playwright/test"
import {
  enrolLookupSecrets,
  enrolTotp,
  expect,
  expectSettingsSaved,
  expectSignedIn,
  follow,
  signIn,
  signOut,
  test,
} from "../../e2e/fixtures"
import { texts } from "../../e2e/texts"

/**
 * Next keeps the last pages hidden in the browser. Back and forward must show what the server renders now, and nothing from before.
 * These tests move with links and history only, because a page load would discard the hidden pages.
 */

const heading = (page: Page, name: string): ReturnType<Page["getByRole"]> =>
  page.getByRole("heading", { name, exact: true })

async function followTo(page: Page, link: string): Promise<void> {
  await follow(page, link)
  await expect(heading(page, link)).toBeVisible()
}

test("a typed value is gone after back, and the form shows the saved one", async ({ signedInPage: page }) => {
  const firstName = page.getByLabel(texts.account.firstName)
  await page.goto("/account")
  await firstName.fill("Saved")
  await page.getByRole("button", { name: texts.account.save }).click()
  await expect(page.getByText(texts.account.saved)).toBeVisible()
  await firstName.fill("Only typed")
  await followTo(page, texts.nav.devices)

  await page.goBack()
  await expect(firstName).toHaveValue("Saved")
  await expect(page.getByText(texts.account.saved)).toHaveCount(0)
  await page.goForward()
  await expect(heading(page, texts.nav.devices)).toBeVisible()
  await expect(page.locator("input[value='Only typed']")).toHaveCount(0)
})

test("a link to a page that was visited before shows it as a new page", async ({ signedInPage: page }) => {
  await page.goto("/account")
  await page.getByLabel(texts.account.firstName).fill("Only typed")
  await followTo(page, texts.nav.devices)
  await followTo(page, texts.nav.account)
  await expect(page.getByLabel(texts.account.firstName)).not.toHaveValue("Only typed")
})

test("a device that was signed out elsewhere is gone after back", async ({ openAs, user, openPage }) => {
  const page = await openAs(user)
  const other = await openPage()
  await other.goto("/dashboard")
  await signIn(other, user)
  await expectSignedIn(other, user)

  const devices = page.getByRole("listitem").filter({ hasText: texts.devices.chromeOnUnix })
  await page.goto("/account/devices")
  await expect(devices).toHaveCount(1)
  await followTo(page, texts.nav.account)
  await signOut(other)
  await page.goBack()
  await expect(heading(page, texts.nav.devices)).toBeVisible()
  await expect(devices).toHaveCount(0)
})

test("the QR code of an authenticator app does not reappear after it was set up", async ({ signedInPage: page }) => {
  const setUp = page.getByRole("textbox", { name: texts.ory.verifyCode })
  await enrolTotp(page)
  await followTo(page, texts.nav.account)
  await page.goBack()
  await expect(heading(page, texts.nav.settings)).toBeVisible()
  await expect(page.getByText(texts.forms.authenticatorIsSetUp)).toBeVisible()
  await expect(setUp).toHaveCount(0)
})

test("backup codes do not reappear after they were set up", async ({ signedInPage: page }) => {
  const [code = "none"] = await enrolLookupSecrets(page)
  await followTo(page, texts.nav.account)
  await page.goBack()
  await expectSettingsSaved(page)
  await expect(page.getByText(code)).toHaveCount(0)
})

test("a password that was typed into the settings is gone after back", async ({ signedInPage: page }) => {
  const password = page.locator("input[name=password]")
  await page.goto("/account/settings")
  await password.fill("only typed, and not saved")
  await followTo(page, texts.nav.account)
  await page.goBack()
  await expect(password).toHaveValue("")
})
