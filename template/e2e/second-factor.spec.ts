import {
  codeField,
  enrolLookupSecrets,
  enrolTotp,
  enterSecondFactor,
  expect,
  sessionOf,
  signIn,
  signOut,
  signUp,
  test,
} from "../../e2e/fixtures"
import { createUser } from "../../e2e/http"
import { setting } from "../../e2e/settings"
import { texts } from "../../e2e/texts"

test("Ory accepts an authenticator code again until it expires", async ({ page, newAccount }) => {
  await signUp(page, newAccount)
  const totp = await enrolTotp(page)
  const code = totp.generate()
  for (const attempt of ["first", "second"]) {
    await signOut(page)
    await page.goto(`/dashboard?${attempt}`)
    await signIn(page, newAccount)
    await enterSecondFactor(page, code)
    await page.waitForURL((url) => url.pathname === "/dashboard")
  }
})

test("the app requires no second factor when Ory does not, and still accepts one", async ({ openAs, ownServers }) => {
  const servers = await ownServers({
    kratos: { SESSION_WHOAMI_REQUIRED_AAL: "aal1", SELFSERVICE_FLOWS_SETTINGS_REQUIRED_AAL: "aal1" },
  })
  const user = await createUser(servers)
  const page = await openAs(user, servers.appUrl)
  const totp = await enrolTotp(page)
  await signOut(page)
  await page.goto("/dashboard")
  await signIn(page, user)
  await page.waitForURL(`${servers.appUrl}/dashboard`)
  expect((await sessionOf(page)).authenticator_assurance_level).toBe("aal1")

  await page.goto("/api/refresh-session?aal=aal2&return_to=/account")
  await enterSecondFactor(page, totp.generate())
  await page.waitForURL(`${servers.appUrl}/account`)
})

test("a backup code is a second factor and works only once", async ({ page, newAccount }) => {
  const submitCode = async (code: string): Promise<void> => {
    await codeField(page).fill(code)
    await page.getByRole("button", { name: texts.ory.continue, exact: true }).click()
  }
  await signUp(page, newAccount)
  const [code = "none"] = await enrolLookupSecrets(page)
  await signOut(page)

  await page.goto("/dashboard?tab=1")
  await signIn(page, newAccount)
  await submitCode(code)
  await page.waitForURL(`${setting("APP_URL")}/dashboard?tab=1`)
  expect((await sessionOf(page)).authenticator_assurance_level).toBe("aal2")
  await signOut(page)

  await page.goto("/dashboard?tab=1")
  await signIn(page, newAccount)
  for (const [invalid, message] of [
    [code, "already been used"],
    ["nonsense", "not valid"],
  ] as const) {
    await submitCode(invalid)
    await expect(page.getByText(message).first()).toBeVisible()
  }
})

test("a download asks for the second factor when the user has signed in again without it", async ({
  openPage,
  newAccount,
}) => {
  const page = await openPage(undefined, { expectedErrors: /^403 / })
  await signUp(page, newAccount)
  await enrolTotp(page)
  await page.goto("/account/data")
  await expect(page.getByRole("heading", { name: texts.data.heading })).toBeVisible()

  await test.step("sign in again without the second factor, in another tab", async () => {
    const tab = await page.context().newPage()
    await tab.goto("/dashboard")
    await signOut(tab)
    await tab.goto("/dashboard")
    await signIn(tab, newAccount)
    await expect(codeField(tab)).toBeVisible()
  })

  await page.getByRole("link", { name: texts.data.download }).click()
  await expect(codeField(page)).toBeVisible()
})
