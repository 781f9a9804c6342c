import { codeFor, expect, oweSecondFactor, signUp, test } from "./fixtures"
import { kratosMajor, send } from "./http"
import { setting } from "./settings"

/** Behaviour that differs between Kratos 1.3 and 26.2. Each test asserts the behaviour of the running version. */

const isOld = async (): Promise<boolean> => (await kratosMajor(setting("ORY_ADMIN_URL"))) === 1

test("26.2 refuses a new password that equals the old one, and 1.3 saves it", async ({ page, person }) => {
  await signUp(page, person)
  await page.goto("/account/settings")
  const form = page.locator("form", { has: page.getByRole("textbox", { name: "Password" }) })
  await form.getByRole("textbox", { name: "Password" }).fill(person.password)
  await form.getByRole("button", { name: "Save" }).click()
  if (await isOld()) await expect(page.getByText("Your changes have been saved!").first()).toBeVisible()
  else await expect(form.getByText(/new password must be different/i)).toBeVisible()
})

test("while the second factor is missing, 26.2 refuses the list of sessions, and 1.3 returns it", async ({ page, person }) => {
  const cookie = await oweSecondFactor(page, person)
  const answer = await send(setting("ORY_URL"), "/sessions", { headers: { accept: "application/json", cookie } })
  expect(answer.status).toBe((await isOld()) ? 200 : 403)
  // The app refuses in both cases.
  expect((await send(setting("APP_URL"), "/account/sessions", { headers: { cookie } })).status).toBe(303)
})

test("the page that verifies an address after sign-up names it and can send another code on 26.2, but not on 1.3", async ({ page, person }) => {
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
