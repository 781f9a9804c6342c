import type { Page } from "playwright/test"
import { test as base, changePassword, expect, sessionOf, signIn, follow } from "../../e2e/fixtures"
import { createUser, type SignedIn } from "../../e2e/http"
import { startServers, type Servers } from "../../e2e/servers"
import { texts } from "../../e2e/texts"

const test = base.extend<{ page: Page; user: SignedIn }>({
  user: async ({}, use) => {
    await use(await createUser(servers))
  },
  page: async ({ openAs, user }, use) => {
    // Ory responds with 403 to a change in settings that needs a recent sign-in.
    const expectedErrors = new RegExp(`^403 ${servers.oryUrl}/self-service/settings\\?`)
    await use(await openAs(user, servers.appUrl, { expectedErrors }))
  },
})

test.describe.configure({ mode: "default" })

/** Sessions expire after 20 seconds. Changes in Ory's settings need a sign-in within the last three. */
let servers: Servers
test.beforeAll(async () => {
  servers = await startServers({
    kratos: { SESSION_LIFESPAN: "20s", SELFSERVICE_FLOWS_SETTINGS_PRIVILEGED_SESSION_MAX_AGE: "3s" },
  })
})
test.afterAll(async () => {
  await servers.stop()
})

/** Waits until the sign-in is too old for a change in Ory's settings. */
const waitUntilTooOld = (page: Page): Promise<void> => page.waitForTimeout(3500)

const section = (page: Page, name: string): ReturnType<Page["getByTestId"]> =>
  page.getByTestId(`ory/screen/settings/group/${name}`)
const firstName = (page: Page): ReturnType<Page["getByRole"]> =>
  page.getByRole("textbox", { name: texts.account.firstName })

test("a settings change that needs a recent sign-in is saved after the user signs in again", async ({ page, user }) => {
  const changed = { ...user, password: `${user.password} and new` }
  await page.goto("/account/settings")
  const { pathname, search } = new URL(page.url())
  await waitUntilTooOld(page)
  await changePassword(page, changed.password)
  await signIn(page, user)
  await page.waitForURL(`${servers.appUrl}${pathname}${search}`)
  await expect(page.getByRole("status").filter({ hasText: "Your changes have been saved!" })).toBeVisible()

  await page.context().clearCookies()
  await page.goto("/dashboard")
  await signIn(page, changed)
  await page.waitForURL("**/dashboard")
})

test("a settings change that Ory refuses after the sign-in is in view, with Ory's message", async ({ page, user }) => {
  await page.goto("/account/settings")
  await waitUntilTooOld(page)
  await section(page, "totp").getByText(texts.forms.setUp).click()
  await section(page, "totp").getByRole("textbox", { name: "Verify code" }).fill("000000")
  await section(page, "totp").getByRole("button", { name: "Save" }).click()
  await signIn(page, user)
  await page.waitForURL("**/account/settings**")
  await expect(
    section(page, "totp").getByText("The provided authentication code is invalid, please try again."),
  ).toBeInViewport()
})

test("backup codes that need a recent sign-in are created after it, and are in view", async ({ page, user }) => {
  await page.goto("/account/settings")
  await waitUntilTooOld(page)
  await page.getByRole("button", { name: texts.ory.enableBackupCodes }).click()
  await signIn(page, user)
  await page.waitForURL("**/account/settings**")
  await expect(page.getByRole("button", { name: "Confirm backup codes" })).toBeInViewport()
})

test("a form of the app whose change Ory refuses as too old keeps the typed text through the sign-in", async ({
  page,
  user,
}) => {
  await page.goto("/account")
  await waitUntilTooOld(page)
  await firstName(page).fill("Ada")
  await page.getByRole("button", { name: texts.account.save }).click()
  await expect(page.getByText(texts.denied.signInTooOld)).toBeVisible()
  await page.getByRole("link", { name: texts.denied.confirm }).click()
  await signIn(page, user)
  await page.waitForURL(`${servers.appUrl}/account`)
  await expect(firstName(page)).toHaveValue("Ada")
  await page.getByRole("button", { name: texts.account.save }).click()
  await expect(page.getByText(texts.account.saved)).toBeVisible()
})

test("Ory saves the name of a user without a verified address even after an old sign-in", async ({ page, user }) => {
  const unverified = [
    { op: "replace", path: "/verifiable_addresses/0/verified", value: false },
    { op: "replace", path: "/verifiable_addresses/0/status", value: "pending" },
    { op: "remove", path: "/verifiable_addresses/0/verified_at" },
  ]
  const changed = await fetch(`${servers.ory.adminUrl}/admin/identities/${user.identityId}`, {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(unverified),
  })
  expect(changed.status).toBe(200)
  await page.goto("/account")
  await waitUntilTooOld(page)
  await firstName(page).fill("Ada")
  await page.getByRole("button", { name: texts.account.save }).click()
  await expect(page.getByText(texts.account.saved)).toBeVisible()
})

test("a click after the session expired redirects to sign-in, then to the clicked page", async ({ page, user }) => {
  await page.goto("/account")
  await expect(page.getByRole("main")).toContainText(texts.account.intro)
  await page.waitForTimeout(20_000)
  await follow(page, texts.nav.devices)
  await signIn(page, user)
  await page.waitForURL(`${servers.appUrl}/account/devices`)
  await expect(page.getByRole("listitem")).toHaveCount(1)
})

test("refreshing extends the session", async ({ page, user }) => {
  const expiry = async (): Promise<number> => Date.parse((await sessionOf(page)).expires_at)
  await page.goto("/dashboard")
  const before = await expiry()
  expect(before - Date.now()).toBeLessThan(20_000)
  await page.waitForTimeout(2000)
  await page.getByText(texts.dashboard.session).click()
  await page.getByRole("link", { name: texts.dashboard.refreshSession }).click()
  await signIn(page, user)
  await page.waitForURL("**/dashboard")
  expect(await expiry()).toBeGreaterThan(before + 1000)
})
