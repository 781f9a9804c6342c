import type { Page } from "playwright/test"
import { expect, expectSignedIn, signIn, test, type Account, type OpenOptions, follow } from "./fixtures"
import { prepare } from "./attacks"
import { createUser, send } from "./http"
import { setting } from "./settings"
import { texts } from "./texts"
import { defaultLocale } from "../lib/texts"

/** In Tokyo, to see that the page uses the browser's time zone and not the server's. */
const chrome: OpenOptions = { timezoneId: "Asia/Tokyo" }
const firefox: OpenOptions = {
  ...chrome,
  userAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
}

/** Signs in on this page, so that Ory records a session with the browser's address and user agent. */
async function signInAt(page: Page, account: Account): Promise<void> {
  await page.goto("/dashboard")
  await signIn(page, account)
  await page.waitForURL("**/dashboard")
}

test("a device that was signed out cannot change anything, and cannot read once its snapshot has expired", async ({
  openPage,
  user,
}) => {
  test.setTimeout(120_000)
  const page = await openPage(undefined, chrome)
  const otherDevice = await openPage(undefined, firefox)
  const firstName = otherDevice.getByRole("textbox", { name: texts.account.firstName })
  await signInAt(page, user)
  await signInAt(otherDevice, user)

  await test.step("the other device fills in a form and gets a fresh snapshot", async () => {
    await otherDevice.goto("/account")
    await firstName.fill("Ada")
    const tab = await otherDevice.context().newPage()
    await tab.goto("/dashboard")
    await expectSignedIn(tab, user)
    await tab.close()
  })

  const devices = page.getByRole("listitem")
  const other = devices.filter({ hasText: texts.devices.firefoxOnWindows })
  await test.step("the page lists three devices: these two, and the session that the API created", async () => {
    await follow(page, texts.nav.devices)
    await expect(devices).toHaveCount(3)
    await expect(devices.first()).toContainText(texts.devices.thisDevice)
    await expect(devices.first()).toContainText(texts.devices.chromeOnUnix)
    await expect(other).toContainText(texts.devices.password)
    await expect(other).toContainText(/(127\.0\.0\.1|::1) ·/)
    const today = new Intl.DateTimeFormat(defaultLocale, { dateStyle: "medium", timeZone: "Asia/Tokyo" }).format(
      new Date(),
    )
    await expect(other).toContainText(today)
  })

  await test.step("the user signs out the other device", async () => {
    const button = texts.devices.signOutDevice(texts.devices.firefoxOnWindows)
    await other.getByRole("button", { name: button }).click()
    await expect(page.getByText(texts.devices.deviceSignedOut)).toBeVisible()
    await expect(devices).toHaveCount(2)
  })

  await test.step("the other device cannot save its form and must sign in", async () => {
    await otherDevice.getByRole("button", { name: texts.account.save }).click()
    await expect(otherDevice.getByText(texts.denied.signedOut)).toBeVisible()
    await expect(firstName).toHaveValue("Ada")
    await otherDevice.goto("/account")
    await otherDevice.waitForURL("**/auth/login**")
  })

  await test.step("the other device cannot read either, once its snapshot has expired", async () => {
    const status = async (): Promise<number> =>
      (await otherDevice.request.get("/dashboard", { maxRedirects: 0 })).status()
    await expect.poll(status, { timeout: 35_000 }).toBe(303)
  })

  await page.goto("/dashboard")
  await expectSignedIn(page, user)
})

test("signing out a session of another user, an unknown one or an ended one changes nothing and says so", async ({
  openPage,
  signedInPage: page,
  user,
}) => {
  const otherUser = await createUser()
  const otherDevice = await openPage(undefined, firefox)
  await signInAt(otherDevice, user)

  const button = page.getByRole("button", { name: texts.devices.signOutDevice("Firefox") })
  const signOutSession = async (id: string): Promise<void> => {
    await page.goto("/account/devices")
    await button.evaluate((element, value) => {
      element.setAttribute("value", value)
    }, id)
    await button.click()
  }
  for (const id of [otherUser.sessionId, "00000000-0000-4000-8000-000000000000", "made-up", ""]) {
    await signOutSession(id)
    await expect(page.getByText(texts.devices.deviceAlreadySignedOut)).toBeVisible()
  }
  await signOutSession(user.sessionId)
  await expect(page.getByText(texts.devices.ownDevice)).toBeVisible()

  for (const { cookie } of [user, otherUser])
    expect((await fetch(`${setting("ORY_URL")}/sessions/whoami`, { headers: { cookie } })).status).toBe(200)
  await otherDevice.goto("/account")
  await expect(otherDevice).toHaveURL(`${setting("APP_URL")}/account`)
})

test("the action that signs out a device refuses arguments that no form sends", async ({ user }) => {
  const { actions } = await prepare(".", setting("APP_URL"), user)
  const action = actions.find(({ name }) => name === "signOutDevice")
  for (const body of ['[{},"x"]', "[]", "[null,null]", '[{},{"id":1}]']) {
    const { status } = await send(setting("APP_URL"), "/account/devices", {
      method: "POST",
      headers: {
        origin: setting("APP_URL"),
        cookie: user.cookie,
        "content-type": "text/plain;charset=UTF-8",
        "next-action": action?.id,
      },
      body,
    })
    expect([body, status]).toEqual([body, 200])
  }
})
