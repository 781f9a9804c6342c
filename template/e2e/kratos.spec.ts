import type { Browser, Page } from "playwright/test"
import { codeFor, expect, oweSecondFactor, signIn, signUp, test, watch, type Person } from "../../e2e/fixtures"
import { kratosMajor, send } from "../../e2e/http"
import { startServers, type Servers } from "../../e2e/servers"
import { setting } from "../../e2e/settings"

/** Behaviour that differs between Kratos 1.3 and 26.2. Each test asserts the behaviour of the running version. */

const isOld = async (adminUrl = setting("ORY_ADMIN_URL")): Promise<boolean> => (await kratosMajor(adminUrl)) === 1

async function open(browser: Browser, { appUrl }: Servers): Promise<{ page: Page; errors: string[] }> {
  const page = await (await browser.newContext({ baseURL: appUrl })).newPage()
  return { page, errors: watch(page) }
}

test("26.2 refuses a new password that equals the old one, and 1.3 saves it", async ({ page, person }) => {
  await signUp(page, person)
  await page.goto("/account/settings")
  const form = page.locator("form", { has: page.getByRole("textbox", { name: "Password" }) })
  await form.getByRole("textbox", { name: "Password" }).fill(person.password)
  await form.getByRole("button", { name: "Save" }).click()
  if (await isOld()) await expect(page.getByText("Your changes have been saved!").first()).toBeVisible()
  else await expect(form.getByText(/new password must be different/i)).toBeVisible()
})

test("while the second factor is missing, 26.2 refuses the list of sessions, and 1.3 returns it", async ({
  page,
  person,
}) => {
  const cookie = await oweSecondFactor(page, person)
  const answer = await send(setting("ORY_URL"), "/sessions", { headers: { accept: "application/json", cookie } })
  expect(answer.status).toBe((await isOld()) ? 200 : 403)
  // The app refuses in both cases.
  expect((await send(setting("APP_URL"), "/account/devices", { headers: { cookie } })).status).toBe(303)
})

/** An account that the admin API made. */
async function createAccount({ ory }: Servers, { email, password }: Person, verified: boolean): Promise<void> {
  const created = await fetch(`${ory.adminUrl}/admin/identities`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      schema_id: "default",
      traits: { email },
      credentials: { password: { config: { password } } },
      ...(verified && { verifiable_addresses: [{ value: email, via: "email", verified, status: "completed" }] }),
    }),
  })
  expect(created.status).toBe(201)
}

test("with the hook require_verified_address, 26.2 sends a code to an unverified address, and 1.3 only refuses", async ({
  browser,
  person,
}) => {
  const after = { password: { hooks: [{ hook: "require_verified_address" }] } }
  const servers = await startServers({ kratos: { SELFSERVICE_FLOWS_LOGIN_AFTER: JSON.stringify(after) } })
  try {
    await createAccount(servers, person, false)
    const { page, errors } = await open(browser, servers)
    await page.goto("/dashboard")
    await signIn(page, person)
    if (await isOld(servers.ory.adminUrl)) {
      await expect(page.getByText("Account not active yet. Did you forget to verify your email address?")).toBeVisible()
      expect(errors).toEqual([])
    } else {
      await page.waitForURL("**/auth/verification**")
      await page.getByRole("textbox", { name: /code/i }).fill(await codeFor(person.email, undefined, servers.inboxUrl))
      await page.getByRole("button", { name: "Continue", exact: true }).click()
      await page.getByRole("link", { name: "Continue" }).click()
      await signIn(page, person)
      await page.waitForURL("**/dashboard")
      // Ory refuses the first sign-in.
      expect(errors).toEqual([expect.stringMatching(/^403 .*\/self-service\/login\?flow=/)])
    }
    await page.context().close()
  } finally {
    await servers.stop()
  }
})

test("a code by mail as the second factor is sent at once by 26.2, and on request by 1.3", async ({
  browser,
  person,
}) => {
  const methods = {
    SELFSERVICE_METHODS_CODE_MFA_ENABLED: "true",
    SELFSERVICE_METHODS_CODE_PASSWORDLESS_ENABLED: "false",
  }
  const servers = await startServers({ kratos: methods })
  try {
    await createAccount(servers, person, true)
    const { page, errors } = await open(browser, servers)
    await page.goto("/dashboard?tab=1")
    await signIn(page, person)
    if (await isOld(servers.ory.adminUrl)) await page.getByRole("button", { name: /^Send code to/ }).click()
    await page.getByRole("textbox", { name: /code/i }).fill(await codeFor(person.email, undefined, servers.inboxUrl))
    await page.getByRole("button", { name: "Continue", exact: true }).click()
    await page.waitForURL("**/dashboard?tab=1")
    await expect(page.getByRole("main")).toContainText("aal2")
    expect(errors).toEqual([])
    await page.context().close()
  } finally {
    await servers.stop()
  }
})

test("the page that verifies an address after sign-up names it and can send another code on 26.2, but not on 1.3", async ({
  page,
  person,
}) => {
  await page.goto("/auth/registration?return_to=/dashboard")
  await page.getByLabel("Email").fill(person.email)
  await page.getByRole("button", { name: "Sign up" }).click()
  await page.getByRole("button", { name: /^Password/ }).click()
  await page.getByRole("textbox", { name: "Password" }).fill(person.password)
  await page.getByRole("button", { name: "Sign up" }).click()
  await page.waitForURL("**/auth/verification**")
  const code = page.getByRole("textbox", { name: /code/i })
  await expect(code).toBeVisible()
  const first = await codeFor(person.email)
  const resend = page.getByRole("button", { name: "Resend code" })
  if (await isOld()) {
    await expect(resend).toHaveCount(0)
    await code.fill(first)
  } else {
    await expect(page.getByText(person.email)).toBeVisible()
    await resend.click()
    await code.fill(await codeFor(person.email, first))
  }
  await page.getByRole("button", { name: "Continue", exact: true }).click()
  await page.getByRole("link", { name: "Continue" }).click()
  await page.waitForURL("**/dashboard")
})
