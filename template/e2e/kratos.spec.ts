import {
  changePassword,
  codeFor,
  expect,
  expectSettingsSaved,
  sessionOf,
  signIn,
  signInWithoutSecondFactor,
  signUp,
  test,
  verifyAddress,
} from "../../e2e/fixtures"
import { createIdentity, kratosMajor, send } from "../../e2e/http"
import { setting } from "../../e2e/settings"

/** Behaviour that differs between Kratos 1.3 and 26.2. Each test asserts the behaviour of the running version. */

const isOld = async (adminUrl = setting("ORY_ADMIN_URL")): Promise<boolean> => (await kratosMajor(adminUrl)) === 1

test("26.2 refuses a new password that equals the old one, and 1.3 saves it", async ({ page, newAccount }) => {
  await signUp(page, newAccount)
  await page.goto("/account/settings")
  await changePassword(page, newAccount.password)
  if (await isOld()) await expectSettingsSaved(page)
  else await expect(page.getByText(/new password must be different/i)).toBeVisible()
})

test("while the second factor is missing, 26.2 refuses the list of sessions, and 1.3 returns it", async ({
  page,
  newAccount,
}) => {
  const cookie = await signInWithoutSecondFactor(page, newAccount)
  const sessions = await send(setting("ORY_URL"), "/sessions", { headers: { accept: "application/json", cookie } })
  expect(sessions.status).toBe((await isOld()) ? 200 : 403)
  // The app refuses its page with both versions.
  expect((await send(setting("APP_URL"), "/account/devices", { headers: { cookie } })).status).toBe(303)
})

test("with the hook require_verified_address, 26.2 sends a code to an unverified address, and 1.3 only refuses", async ({
  openPage,
  ownServers,
  newAccount,
}) => {
  const after = { password: { hooks: [{ hook: "require_verified_address" }] } }
  const servers = await ownServers({ kratos: { SELFSERVICE_FLOWS_LOGIN_AFTER: JSON.stringify(after) } })
  await createIdentity(servers.ory.adminUrl, newAccount, { verified: false })
  const old = await isOld(servers.ory.adminUrl)
  // 26.2 responds with 403 to the first sign-in.
  const page = await openPage(servers.appUrl, old ? {} : { expectedErrors: /^403 .*\/self-service\/login\?flow=/ })
  await page.goto("/dashboard")
  await signIn(page, newAccount)
  if (old) {
    await expect(page.getByText("Account not active yet. Did you forget to verify your email address?")).toBeVisible()
  } else {
    await page.waitForURL("**/auth/verification**")
    await verifyAddress(page, await codeFor(newAccount.email, undefined, servers.inboxUrl))
    await signIn(page, newAccount)
    await page.waitForURL("**/dashboard")
  }
})

test("26.2 sends the code of a second factor by email at once, and 1.3 sends it on request", async ({
  openPage,
  ownServers,
  newAccount,
}) => {
  const servers = await ownServers({
    kratos: {
      SELFSERVICE_METHODS_CODE_MFA_ENABLED: "true",
      SELFSERVICE_METHODS_CODE_PASSWORDLESS_ENABLED: "false",
    },
  })
  await createIdentity(servers.ory.adminUrl, newAccount)
  const page = await openPage(servers.appUrl)
  await page.goto("/dashboard?tab=1")
  await signIn(page, newAccount)
  if (await isOld(servers.ory.adminUrl)) await page.getByRole("button", { name: /^Send code to/ }).click()
  await page.getByRole("textbox", { name: /code/i }).fill(await codeFor(newAccount.email, undefined, servers.inboxUrl))
  await page.getByRole("button", { name: "Continue", exact: true }).click()
  await page.waitForURL("**/dashboard?tab=1")
  expect((await sessionOf(page)).authenticator_assurance_level).toBe("aal2")
})
