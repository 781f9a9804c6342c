import { setTimeout as sleep } from "node:timers/promises"
import { paths } from "../../lib/routes"
import { isDisabled } from "../../scripts/diagnose"
import { attacks, prepareRemote } from "../attacks"
import {
  changePassword,
  expect,
  expectSettingsSaved,
  expectSignedIn,
  follow,
  sessionOf,
  signIn,
  signOut,
  test,
  type Account,
} from "../fixtures"
import { send, type Answer } from "../http"
import { setting } from "../settings"
import { texts } from "../texts"

/** The main flows against a deployment: `scripts/test-live.ts` creates the users, and deletes them afterwards. */

/** Each user belongs to one group of tests. */
const [user, otherUser] = JSON.parse(process.env.LIVE_USERS ?? "[]") as [Account, Account]

/** Requests per second of the bypass list. */
const rate = Number(process.env.LIVE_RATE ?? "5")

test.describe.configure({ mode: "default" })

test("a signed-out visitor signs in, arrives at the requested page, and signs out", async ({ page }) => {
  await page.goto("/dashboard?tab=1")
  await signIn(page, { ...user, password: `${user.password} and wrong` })
  await expect(page.getByText(/credentials are invalid/)).toBeVisible()
  await signIn(page, user)
  await page.waitForURL("**/dashboard?tab=1")
  await expectSignedIn(page, user)
  await signOut(page)
  await page.goto("/dashboard")
  await page.waitForURL("**/auth/login**")
})

test("a user saves the profile, refreshes the session, and changes the password", async ({ page }) => {
  await page.goto(paths.account)
  await signIn(page, user)
  await page.getByRole("textbox", { name: texts.account.firstName }).fill("Ada")
  await page.getByRole("button", { name: texts.account.save }).click()
  await expect(page.getByText(texts.account.saved)).toBeVisible()

  const before = await sessionOf(page)
  await page.goto(`${paths.refreshSession}?return_to=/dashboard`)
  await signIn(page, user)
  await page.waitForURL("**/dashboard")
  expect((await sessionOf(page)).id).toBe(before.id)

  await follow(page, texts.nav.settings)
  const changed = { ...user, password: `${user.password} and new` }
  await changePassword(page, changed.password)
  await expectSettingsSaved(page)
  await signOut(page)
  await page.goto("/dashboard")
  await signIn(page, changed)
  await expectSignedIn(page, changed)
})

test("a user signs out another device, and needs a second factor for a page that requires one", async ({
  page,
  openPage,
}) => {
  const otherDevice = await openPage()
  for (const device of [page, otherDevice]) {
    await device.goto(paths.account)
    await signIn(device, otherUser)
    await device.waitForURL(`**${paths.account}`)
  }
  await page.goto(paths.devices)
  await page.getByRole("button", { name: texts.devices.signOutOthers }).click()
  await expect(page.getByText(texts.devices.othersSignedOut)).toBeVisible()
  await otherDevice.getByRole("button", { name: texts.account.save }).click()
  await expect(otherDevice.getByText(texts.denied.signedOut)).toBeVisible()

  await page.goto(paths.data)
  await expect(page.getByText(texts.settings.secondFactorNeeded)).toBeVisible()
})

for (const kind of ["registration", "recovery", "verification"] as const)
  test(`${paths[kind]} shows a form`, async ({ page }) => {
    test.skip(await isDisabled(process.env.ORY_SDK_URL ?? "", kind), `Ory's settings disable ${kind}.`)
    await page.goto(paths[kind])
    await expect(page.getByRole("textbox").first()).toBeVisible()
  })

test("a hostile return_to leads back to this app", async ({ request }) => {
  const response = await request.get(`${paths.refreshSession}?return_to=https://evil.example/`, { maxRedirects: 0 })
  expect(response.status()).toBe(303)
  expect(new URL(response.headers().location ?? "").searchParams.get("return_to")).toBe(
    `${setting("APP_URL")}${paths.dashboard}`,
  )
})

test("a request without a session gets nothing of a protected page", async () => {
  const appUrl = setting("APP_URL")
  const context = await prepareRemote(appUrl, user.email)
  const list = (await Promise.all([paths.dashboard, paths.meApi].map((route) => attacks(route, context)))).flat()
  // The tests of a build send each action with every body. One is enough here.
  const selected = list.filter(({ name }) => !/, (multipart|URL-encoded|no content type)$/.test(name))
  test.setTimeout((selected.length / rate) * 2000 + 120_000)
  const leaks: string[] = []
  for (const attack of selected) {
    // Proxies close the connection on some of these requests.
    const answer = await sendGently(() => send(appUrl, attack.path, attack).catch(() => undefined))
    const cookies = JSON.stringify(answer?.headers["set-cookie"] ?? "")
    if (answer?.body.includes(paths.signOut) || cookies.includes("session_snapshot=")) leaks.push(attack.name)
    if (attack.path === paths.meApi && answer?.status === 200) leaks.push(attack.name)
  }
  expect(leaks).toEqual([])
  console.log(`      ${selected.length} requests`)
})

/** Keeps to the rate, and waits when the deployment says that there are too many requests. */
async function sendGently(request: () => Promise<Answer | undefined>): Promise<Answer | undefined> {
  for (let attempt = 0; attempt < 5; attempt++) {
    await sleep(1000 / rate)
    const answer = await request()
    if (answer?.status !== 429) return answer
    await sleep(10_000)
  }
  throw new Error("The deployment refused requests with 429 five times. Run the tests with a lower --rate.")
}
