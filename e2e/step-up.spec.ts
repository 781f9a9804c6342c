import { readFile } from "node:fs/promises"
import type { Page } from "playwright/test"
import { requiredTraits } from "../ory/required-traits"
import {
  codeField,
  enrolTotp,
  enterSecondFactor,
  expect,
  sessionOf,
  signIn,
  submitTotp,
  test,
  follow,
} from "./fixtures"
import { createUser, PAGE_LOAD, send, type Answer } from "./http"
import { startServers, type Servers } from "./servers"
import { texts } from "./texts"

test.describe.configure({ mode: "default" })

/** Ory requires no second factor to sign in here. Only some pages do. */
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

/** Makes every sign-in until now look one day old to the app. */
function ageSignIns(): void {
  servers.relay.agedBefore = Date.now()
}

const firstName = (page: Page): ReturnType<Page["getByRole"]> =>
  page.getByRole("textbox", { name: texts.account.firstName })
const lastName = (page: Page): ReturnType<Page["getByRole"]> =>
  page.getByRole("textbox", { name: texts.account.lastName })

/** The form text that the page stores in the browser during a step-up. */
const keptItems = (page: Page): Promise<number> => page.evaluate(() => sessionStorage.length)

test("a form that needs a recent sign-in keeps the typed text through it, and saves only when the user submits again", async ({
  openAs,
}) => {
  const user = await createUser(servers)
  const page = await openAs(user, servers.appUrl)
  const traits = async (): Promise<unknown> => {
    const identity = await fetch(`${servers.ory.adminUrl}/admin/identities/${user.identityId}`)
    return ((await identity.json()) as { traits: object }).traits
  }
  ageSignIns()

  await test.step("the form is refused", async () => {
    await page.goto("/account")
    await firstName(page).fill("Ada")
    await page.getByRole("button", { name: texts.account.save }).click()
    await expect(page.getByText(texts.denied.signInTooOld)).toBeVisible()
    // The page also keeps what the user types after the response.
    await lastName(page).fill("Lovelace")
  })

  await test.step("after the sign-in, the form has the typed text, which is not saved", async () => {
    await page.getByRole("link", { name: texts.denied.confirm }).click()
    await signIn(page, user)
    await page.waitForURL(`${servers.appUrl}/account`)
    await expect(page.getByText(texts.account.keptChanges)).toBeVisible()
    await expect(firstName(page)).toHaveValue("Ada")
    await expect(lastName(page)).toHaveValue("Lovelace")
    expect(await keptItems(page)).toBe(0)
    expect(await traits()).toEqual({ ...requiredTraits, email: user.email })
  })

  await test.step("the form saves when it is submitted again", async () => {
    await page.getByRole("button", { name: texts.account.save }).click()
    await expect(page.getByText(texts.account.saved)).toBeVisible()
    expect(await traits()).toEqual({
      ...requiredTraits,
      email: user.email,
      name: { first: "Ada", last: "Lovelace" },
    })
    await page.reload()
    await expect(page.getByText(texts.account.keptChanges)).toHaveCount(0)
  })
})

test("text that one user typed is neither shown to the next user of the browser nor kept", async ({ openAs }) => {
  const [ada, bob] = [await createUser(servers), await createUser(servers)]
  const page = await openAs(ada, servers.appUrl)
  ageSignIns()
  await page.goto("/account")
  await firstName(page).fill("Ada's secret")
  await page.getByRole("button", { name: texts.account.save }).click()
  await page.getByRole("link", { name: texts.denied.confirm }).click()
  await page.waitForURL("**/auth/login**")
  await page.waitForLoadState("networkidle")

  await page.context().clearCookies()
  await page.goto("/account")
  await signIn(page, bob)
  await page.waitForURL(`${servers.appUrl}/account`)
  await expect(firstName(page)).toHaveValue("")
  // The page removes it when its scripts start.
  await expect.poll(() => keptItems(page)).toBe(0)
})

test("signing out all other devices needs a recent sign-in and leads back after it", async ({ openAs, openPage }) => {
  const user = await createUser(servers)
  const page = await openAs(user, servers.appUrl)
  const otherDevice = await openPage(servers.appUrl)
  await otherDevice.goto("/account")
  await signIn(otherDevice, user)
  await otherDevice.waitForURL(`${servers.appUrl}/account`)
  ageSignIns()

  await test.step("with an old sign-in, nothing happens", async () => {
    await page.goto("/account/devices")
    await page.getByRole("button", { name: texts.devices.signOutOthers }).click()
    await expect(page.getByText(texts.denied.signInTooOld)).toBeVisible()
    await otherDevice.reload()
    await expect(otherDevice).toHaveURL(`${servers.appUrl}/account`)
  })

  await test.step("after the sign-in, the other device is signed out", async () => {
    await page.getByRole("link", { name: texts.denied.confirm }).click()
    await signIn(page, user)
    await page.waitForURL(`${servers.appUrl}/account/devices`)
    await page.getByRole("button", { name: texts.devices.signOutOthers }).click()
    await expect(page.getByText(texts.devices.othersSignedOut)).toBeVisible()
    await expect(page.getByRole("listitem")).toHaveCount(1)
    await otherDevice.reload()
    await otherDevice.waitForURL("**/auth/login**")
  })
})

test("a user without a second factor enrols one, returns, and downloads the data", async ({ openAs }) => {
  const user = await createUser(servers)
  const page = await openAs(user, servers.appUrl, { expectedErrors: /^403 .*\/api\/account\/data$/ })
  const explanation = page.getByText(texts.settings.secondFactorNeeded)

  await test.step("the settings page says why the user is there", async () => {
    await page.goto("/account")
    await follow(page, texts.data.heading)
    await page.waitForURL("**/account/settings?flow=**")
    await expect(explanation).toBeVisible()
    await page.goto("/account/settings")
    await expect(page.getByText(texts.forms.setUp)).toBeVisible()
    await expect(explanation).toBeHidden()
  })

  await test.step("after the enrolment, the user returns", async () => {
    await page.goto("/account/data")
    await expect(explanation).toBeVisible()
    await submitTotp(page)
    await page.waitForURL(`${servers.appUrl}/account/data`)
  })

  await test.step("the file has the user's data", async () => {
    const download = page.waitForEvent("download")
    await page.getByRole("link", { name: texts.data.download }).click()
    const file = await download
    expect(file.suggestedFilename()).toBe("my-data.json")
    const data = JSON.parse(await readFile(await file.path(), "utf8")) as {
      identity: Record<string, unknown>
      sessions: unknown[]
    }
    expect(data.identity).toMatchObject({
      id: user.identityId,
      traits: { email: user.email },
      verifiable_addresses: [{ value: user.email }],
      recovery_addresses: [{ value: user.email }],
    })
    expect(data.sessions).toMatchObject([{ id: user.sessionId, authenticator_assurance_level: "aal2", devices: [{}] }])
  })

  await test.step("a refusal that is not this app's, such as a firewall's, is an error message", async () => {
    const contentType = "text/html"
    await page.route("**/api/account/data", (route) => route.fulfill({ status: 403, contentType, body: "<h1>No</h1>" }))
    await page.getByRole("link", { name: texts.data.download }).click()
    await expect(page.getByText(texts.data.failed)).toBeVisible()
    await page.unroute("**/api/account/data")
  })
})

test("a user with a second factor enters it only where a page requires it", async ({ openAs }) => {
  const user = await createUser(servers)
  const page = await openAs(user, servers.appUrl, { expectedErrors: /^40[13] / })
  const totp = await enrolTotp(page)
  await page.context().clearCookies()
  await page.goto("/dashboard")
  await signIn(page, user)
  await page.waitForURL(`${servers.appUrl}/dashboard`)
  expect((await sessionOf(page)).authenticator_assurance_level).toBe("aal1")

  await test.step("a page load asks for it", async () => {
    await page.goto("/account/data")
    await expect(codeField(page)).toBeVisible()
  })

  await test.step("a link of the router asks for it and leads to the page", async () => {
    await page.goto("/account")
    await follow(page, texts.data.heading)
    await enterSecondFactor(page, totp.generate())
    await page.waitForURL(`${servers.appUrl}/account/data`)
  })

  await test.step("an API call whose session has ended asks for the password and the second factor", async () => {
    await page.context().clearCookies()
    await page.getByRole("link", { name: texts.data.download }).click()
    await signIn(page, user)
    await enterSecondFactor(page, totp.generate())
    await page.waitForURL(`${servers.appUrl}/account/data`)
  })
})

test("a route handler that requires a second factor responds with 403 with a link that leads back to the calling page", async () => {
  const { cookie, email } = await createUser(servers)
  const get = (headers: Record<string, string>): Promise<Answer> =>
    send(servers.appUrl, "/api/account/data", { headers })
  const denied = await get({ cookie, referer: `${servers.appUrl}/account/data?tab=1` })
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

  const fromOtherSite = JSON.parse((await get({ cookie, referer: "https://evil.example/" })).body) as {
    error: { location: string }
  }
  expect(new URL(fromOtherSite.error.location).searchParams.get("return_to")).toBe(`${servers.appUrl}/dashboard`)
  expect((await get({})).status).toBe(401)
})

test("a page load of a page that requires a second factor redirects to Ory", async () => {
  const { cookie } = await createUser(servers)
  const { status, headers } = await send(servers.appUrl, "/account/data?a=1", { headers: { ...PAGE_LOAD, cookie } })
  expect(status).toBe(303)
  expect(Object.fromEntries(new URL(headers.location ?? "").searchParams)).toEqual({
    aal: "aal2",
    return_to: `${servers.appUrl}/account/data?a=1`,
  })
})
