import type { Browser, Page } from "playwright/test"
import { confirm, expect, signIn, test, watch } from "../../e2e/fixtures"
import { browserCookies, signedIn, type SignedIn } from "../../e2e/http"
import { startServers, type Servers } from "../../e2e/servers"

test.describe.configure({ mode: "default" })

/** Sessions end after 20 seconds, and settings ask again after 3. */
let servers: Servers
test.beforeAll(async () => {
  servers = await startServers({
    kratos: { SESSION_LIFESPAN: "20s", SELFSERVICE_FLOWS_SETTINGS_PRIVILEGED_SESSION_MAX_AGE: "3s" },
  })
})
test.afterAll(async () => {
  await servers.stop()
})

interface Opened {
  page: Page
  person: SignedIn
  /** What the browser complained about, but for Ory's 403 to a sign-in that is too old. */
  errors: () => string[]
}

async function open(browser: Browser): Promise<Opened> {
  const person = await signedIn(servers.oryUrl, servers.ory.adminUrl)
  const context = await browser.newContext({ baseURL: servers.appUrl })
  await context.addCookies(browserCookies(person, servers.appUrl))
  const page = await context.newPage()
  const errors = watch(page)
  return {
    page,
    person,
    errors: () => errors.filter((error) => !error.startsWith(`403 ${servers.oryUrl}/self-service/settings?`)),
  }
}

/** Waits until the sign-in is too old for Ory to change anything that matters. */
const tooOld = (page: Page): Promise<void> => page.waitForTimeout(3500)

const section = (page: Page, name: string): ReturnType<Page["getByTestId"]> =>
  page.getByTestId(`ory/screen/settings/group/${name}`)

test("settings ask to sign in again, and then the change that was sent is made", async ({ browser }) => {
  const { page, person, errors } = await open(browser)
  await page.goto("/account/settings")
  const { pathname, search } = new URL(page.url())
  await tooOld(page)
  await section(page, "password").getByRole("textbox", { name: "Password" }).fill(`${person.password} and new`)
  await section(page, "password").getByRole("button", { name: "Save" }).click()
  await confirm(page, person)
  await page.waitForURL(`${servers.appUrl}${pathname}${search}`)
  await expect(page.getByRole("status").filter({ hasText: "Your changes have been saved!" })).toBeVisible()

  await page.context().clearCookies()
  await page.goto("/dashboard")
  await signIn(page, { ...person, password: `${person.password} and new` })
  await page.waitForURL("**/dashboard")
  expect(errors()).toEqual([])
})

test("a change that Ory refuses after that is in view, with Ory's words", async ({ browser }) => {
  const { page, person, errors } = await open(browser)
  await page.goto("/account/settings")
  await tooOld(page)
  await section(page, "totp").getByRole("textbox", { name: "Verify code" }).fill("000000")
  await section(page, "totp").getByRole("button", { name: "Save" }).click()
  await confirm(page, person)
  await page.waitForURL("**/account/settings**")
  await expect(
    section(page, "totp").getByText("The provided authentication code is invalid, please try again."),
  ).toBeInViewport()
  expect(errors()).toEqual([])
})

test("backup codes that were asked for are made after that, and in view", async ({ browser }) => {
  const { page, person, errors } = await open(browser)
  await page.goto("/account/settings")
  await tooOld(page)
  await page.getByRole("button", { name: "Enable" }).click()
  await confirm(page, person)
  await page.waitForURL("**/account/settings**")
  await expect(page.getByRole("button", { name: "Confirm backup recovery codes" })).toBeInViewport()
  expect(errors()).toEqual([])
})

test("a form whose change Ory finds too old says so, and comes back with what was typed", async ({ browser }) => {
  const { page, person, errors } = await open(browser)
  await page.goto("/account")
  await tooOld(page)
  await page.getByRole("textbox", { name: "First name" }).fill("Ada")
  await page.getByRole("button", { name: "Save" }).click()
  await expect(page.getByText("Nothing was changed. You signed in a while ago.")).toBeVisible()
  await page.getByRole("link", { name: "Confirm it is you and come back" }).click()
  await confirm(page, person)
  await page.waitForURL(`${servers.appUrl}/account`)
  await expect(page.getByRole("textbox", { name: "First name" })).toHaveValue("Ada")
  await page.getByRole("button", { name: "Save" }).click()
  await expect(page.getByText("Saved.")).toBeVisible()
  expect(errors()).toEqual([])
})

test("Ory changes the name of a user without a verified address also with an old sign-in", async ({ browser }) => {
  const { page, person, errors } = await open(browser)
  const unverified = [
    { op: "replace", path: "/verifiable_addresses/0/verified", value: false },
    { op: "replace", path: "/verifiable_addresses/0/status", value: "pending" },
    { op: "remove", path: "/verifiable_addresses/0/verified_at" },
  ]
  const changed = await fetch(`${servers.ory.adminUrl}/admin/identities/${person.identityId}`, {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(unverified),
  })
  expect(changed.status).toBe(200)
  await page.goto("/account")
  await tooOld(page)
  await page.getByRole("textbox", { name: "First name" }).fill("Ada")
  await page.getByRole("button", { name: "Save" }).click()
  await expect(page.getByText("Saved.")).toBeVisible()
  expect(errors()).toEqual([])
})

test("a session ends while a page is open: the next click leads to sign in, and back", async ({ browser }) => {
  const { page, person, errors } = await open(browser)
  await page.goto("/account")
  await expect(page.getByRole("main")).toContainText("Your name.")
  await page.waitForTimeout(20_000)
  await page.getByRole("link", { name: "Devices" }).click()
  await signIn(page, person)
  await page.waitForURL(`${servers.appUrl}/account/devices`)
  await expect(page.getByRole("listitem")).toHaveCount(1)
  expect(errors()).toEqual([])
})

test("refreshing moves the end of the session", async ({ browser }) => {
  const { page, person, errors } = await open(browser)
  const end = async (): Promise<number> => {
    const ends = page
      .getByRole("term")
      .filter({ hasText: "Your session ends at" })
      .locator("xpath=following-sibling::*")
      .getByRole("time")
    return Date.parse((await ends.getAttribute("datetime")) ?? "")
  }
  await page.goto("/dashboard")
  const before = await end()
  expect(before - Date.now()).toBeLessThan(20_000)
  await page.waitForTimeout(2000)
  await page.getByRole("link", { name: "Refresh session" }).click()
  await confirm(page, person)
  await page.waitForURL("**/dashboard")
  expect(await end()).toBeGreaterThan(before + 1000)
  expect(errors()).toEqual([])
})
