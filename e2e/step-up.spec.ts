import { readFile } from "node:fs/promises"
import type { Browser, Page } from "playwright/test"
import { confirm, enrolTotp, expect, secondFactor, signIn, submitTotp, test, watch } from "./fixtures"
import { browserCookies, PAGE_LOAD, send, signedIn, type SignedIn } from "./http"
import { startServers, type Servers } from "./servers"

test.describe.configure({ mode: "default" })

/** Nobody needs a second factor to sign in here, only where it is asked for. Of time, only the relay lies. */
let servers: Servers
test.beforeAll(async () => {
  servers = await startServers({
    kratos: { SESSION_WHOAMI_REQUIRED_AAL: "aal1", SELFSERVICE_FLOWS_SETTINGS_REQUIRED_AAL: "aal1" },
  })
})
test.afterAll(async () => {
  await servers.stop()
})
test.beforeEach(() => {
  servers.relay.agedBefore = 0
})

async function open(browser: Browser, person?: SignedIn): Promise<{ page: Page; errors: string[] }> {
  const context = await browser.newContext({ baseURL: servers.appUrl })
  if (person) await context.addCookies(browserCookies(person, servers.appUrl))
  const page = await context.newPage()
  return { page, errors: watch(page) }
}

const someone = (): Promise<SignedIn> => signedIn(servers.oryUrl, servers.ory.adminUrl)

/** From now on everybody who is signed in did so long ago. */
function timePasses(): void {
  servers.relay.agedBefore = Date.now()
}

const name = (page: Page): ReturnType<Page["getByRole"]> => page.getByRole("textbox", { name: "First name" })

test("a form that asks for a recent sign-in comes back with what was typed, is not sent by itself, and does so once", async ({
  browser,
}) => {
  const person = await someone()
  const { page, errors } = await open(browser, person)
  timePasses()
  await page.goto("/account")
  await name(page).fill("Ada")
  await page.getByRole("button", { name: "Save" }).click()
  await expect(page.getByText("Nothing was changed. You signed in a while ago.")).toBeVisible()
  // Typed after the answer: kept as well.
  await page.getByRole("textbox", { name: "Last name" }).fill("Lovelace")
  await page.getByRole("link", { name: "Confirm it is you and come back" }).click()
  await confirm(page, person)

  await page.waitForURL(`${servers.appUrl}/account`)
  await expect(page.getByText("We kept your changes. They are not saved yet.")).toBeVisible()
  await expect(name(page)).toHaveValue("Ada")
  await expect(page.getByRole("textbox", { name: "Last name" })).toHaveValue("Lovelace")
  expect(await page.evaluate(() => sessionStorage.length)).toBe(0)
  const traits = async (): Promise<unknown> => {
    const identity = await fetch(`${servers.ory.adminUrl}/admin/identities/${person.identityId}`)
    return ((await identity.json()) as { traits: object }).traits
  }
  expect(await traits()).toEqual({ email: person.email })

  await page.getByRole("button", { name: "Save" }).click()
  await expect(page.getByText("Saved.")).toBeVisible()
  expect(await traits()).toEqual({ email: person.email, name: { first: "Ada", last: "Lovelace" } })
  await page.reload()
  await expect(page.getByText("We kept your changes")).toHaveCount(0)
  expect(errors).toEqual([])
})

test("what one person typed is not shown to the next in that browser, nor left for them", async ({ browser }) => {
  const [ada, bob] = [await someone(), await someone()]
  const { page, errors } = await open(browser, ada)
  timePasses()
  await page.goto("/account")
  await name(page).fill("Ada's secret")
  await page.getByRole("button", { name: "Save" }).click()
  await page.getByRole("link", { name: "Confirm it is you and come back" }).click()
  await page.waitForURL("**/auth/login**")
  await page.waitForLoadState("networkidle")

  await page.context().clearCookies()
  await page.goto("/account")
  await signIn(page, bob)
  await page.waitForURL(`${servers.appUrl}/account`)
  await expect(name(page)).toHaveValue("")
  expect(await page.evaluate(() => sessionStorage.length)).toBe(0)
  expect(errors).toEqual([])
})

test("signing out everywhere else asks for a recent sign-in, and comes back", async ({ browser }) => {
  const person = await someone()
  const { page, errors } = await open(browser, person)
  const other = await open(browser)
  await other.page.goto("/account")
  await signIn(other.page, person)
  await other.page.waitForURL(`${servers.appUrl}/account`)
  timePasses()
  await page.goto("/account/devices")
  await page.getByRole("button", { name: "Sign out everywhere else" }).click()
  await expect(page.getByText("Nothing was changed. You signed in a while ago.")).toBeVisible()
  await other.page.reload()
  await expect(other.page).toHaveURL(`${servers.appUrl}/account`)

  await page.getByRole("link", { name: "Confirm it is you and come back" }).click()
  await confirm(page, person)
  await page.waitForURL(`${servers.appUrl}/account/devices`)
  await page.getByRole("button", { name: "Sign out everywhere else" }).click()
  await expect(page.getByText("You are signed out everywhere else.")).toBeVisible()
  await expect(page.getByRole("listitem")).toHaveCount(1)
  await other.page.reload()
  await other.page.waitForURL("**/auth/login**")
  expect([...errors, ...other.errors]).toEqual([])
})

test("who has no second factor is led to enrol one, comes back, and downloads their data", async ({ browser }) => {
  const person = await someone()
  const { page, errors } = await open(browser, person)
  await page.goto("/account")
  await page.getByRole("link", { name: "Download my data" }).click()
  await page.waitForURL("**/account/settings?flow=**")
  const why = page.getByText("The page you opened needs a second factor.")
  await expect(why).toBeVisible()
  await page.goto("/account/settings")
  await expect(page.getByRole("textbox", { name: "Verify code" })).toBeVisible()
  await expect(why).toBeHidden()
  await page.goto("/account/data")
  await expect(why).toBeVisible()
  await submitTotp(page)
  await page.waitForURL(`${servers.appUrl}/account/data`)

  const download = page.waitForEvent("download")
  await page.getByRole("link", { name: "Download my data" }).click()
  const file = await download
  expect(file.suggestedFilename()).toBe("my-data.json")
  const data = JSON.parse(await readFile(await file.path(), "utf8")) as {
    identity: Record<string, unknown>
    sessions: unknown[]
  }
  expect(data.identity).toMatchObject({
    id: person.identityId,
    traits: { email: person.email },
    verifiable_addresses: [{ value: person.email }],
    recovery_addresses: [{ value: person.email }],
  })
  expect(data.sessions).toMatchObject([{ id: person.sessionId, authenticator_assurance_level: "aal2", devices: [{}] }])
  expect(errors).toEqual([])
})

test("who has a second factor is asked for it where it is needed, and only there", async ({ browser }) => {
  const person = await someone()
  const { page } = await open(browser, person)
  const totp = await enrolTotp(page)
  await page.context().clearCookies()
  await page.goto("/dashboard")
  await signIn(page, person)
  await page.waitForURL(`${servers.appUrl}/dashboard`)
  await expect(page.getByRole("main")).toContainText("aal1")

  // As a page load, by a link of Next's router, and as a call that the page answers by going where it is told.
  await page.goto("/account/data")
  await expect(page.getByLabel(/code/i)).toBeVisible()
  await page.goto("/account")
  await page.getByRole("link", { name: "Download my data" }).click()
  await secondFactor(page, totp.generate())
  await page.waitForURL(`${servers.appUrl}/account/data`)
  await page.context().clearCookies()
  await page.getByRole("link", { name: "Download my data" }).click()
  await signIn(page, person)
  await secondFactor(page, totp.generate())
  await page.waitForURL(`${servers.appUrl}/account/data`)
})

test("a route handler answers 403 with a code and where to go: back to the page that called", async () => {
  const { cookie, email } = await someone()
  const ask = (headers: Record<string, string>): ReturnType<typeof send> =>
    send(servers.appUrl, "/api/account/data", { headers })
  const denied = await ask({ cookie, referer: `${servers.appUrl}/account/data?tab=1` })
  expect(denied.status).toBe(403)
  expect(denied.headers["cache-control"]).toBe("private, no-store")
  const { error } = JSON.parse(denied.body) as { error: { code: string; location: string } }
  expect(error.code).toBe("session_aal2_required")
  const location = new URL(error.location)
  expect(location.origin + location.pathname).toBe(`${servers.oryUrl}/self-service/login/browser`)
  expect(Object.fromEntries(location.searchParams)).toEqual({
    aal: "aal2",
    return_to: `${servers.appUrl}/account/data?tab=1`,
  })
  expect(denied.body).not.toContain(email)

  const elsewhere = JSON.parse((await ask({ cookie, referer: "https://evil.example/" })).body) as {
    error: { location: string }
  }
  expect(new URL(elsewhere.error.location).searchParams.get("return_to")).toBe(`${servers.appUrl}/dashboard`)
  expect((await ask({})).status).toBe(401)
})

test("a page that asks for a second factor redirects, however it is asked for", async () => {
  const { cookie } = await someone()
  const loaded = await send(servers.appUrl, "/account/data?a=1", { headers: { ...PAGE_LOAD, cookie } })
  const target = new URL(loaded.headers.location ?? "")
  expect(loaded.status).toBe(307)
  expect(Object.fromEntries(target.searchParams)).toEqual({
    aal: "aal2",
    return_to: `${servers.appUrl}/account/data?a=1`,
  })
})
