import type { CDPSession, Page } from "playwright/test"
import { codeFor, expect, signOut, signUp, test } from "./fixtures"

/**
 * A security key in software, so that passkeys are real. Touching it is a step of its own: a login page would otherwise
 * sign in by itself as soon as it opens.
 */
async function authenticator(
  page: Page,
): Promise<{ touched: (act: () => Promise<void>) => Promise<void>; credentials: () => Promise<number> }> {
  const session: CDPSession = await page.context().newCDPSession(page)
  await session.send("WebAuthn.enable")
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: false,
    },
  })
  const touch = (enabled: boolean): Promise<unknown> =>
    session.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled })
  return {
    touched: async (act) => {
      await touch(true)
      await act()
      await touch(false)
    },
    credentials: async () => (await session.send("WebAuthn.getCredentials", { authenticatorId })).credentials.length,
  }
}

test("someone signs up with a passkey, and signs in with it", async ({ page, person }) => {
  const key = await authenticator(page)
  await page.goto("/auth/registration?return_to=/dashboard")
  await page.getByLabel("Email").fill(person.email)
  await page.getByRole("button", { name: "Sign up" }).click()
  await key.touched(async () => {
    await page.getByRole("button", { name: /^Passkey/ }).click()
    await page.waitForURL("**/auth/verification**")
  })
  expect(await key.credentials()).toBe(1)
  await page.getByLabel(/code/i).fill(await codeFor(person.email))
  await page.getByRole("button", { name: "Continue", exact: true }).click()
  await page.getByRole("link", { name: "Continue" }).click()
  await page.waitForURL("**/dashboard")
  await expect(page.getByRole("main")).toContainText("Passkey")

  await signOut(page)
  await page.goto("/dashboard?tab=1")
  await page.waitForURL("**/auth/login**")
  // Before that the page is still to ask for a passkey by itself, and a touch would answer that.
  const button = page.getByRole("button", { name: /passkey/i })
  await expect(button).toBeEnabled()
  await page.waitForLoadState("networkidle")
  await key.touched(async () => {
    await button.click()
    await page.waitForURL("**/dashboard?tab=1")
  })
  await expect(page.getByRole("main")).toContainText(person.email)
})

test("a passkey can be added to an account, and removed", async ({ page, person }) => {
  const key = await authenticator(page)
  await signUp(page, person)
  await page.goto("/account/settings")
  await key.touched(async () => {
    await page.getByRole("button", { name: "Add passkey" }).click()
    await expect(page.getByText("Your changes have been saved!").first()).toBeVisible()
  })
  expect(await key.credentials()).toBe(1)

  await page.goto("/account/settings")
  // Elements gives this button no name.
  await page.getByText("unnamed").locator("xpath=ancestor::*[descendant::button][1]").getByRole("button").click()
  await expect(page.getByText("Your changes have been saved!").first()).toBeVisible()
  await page.goto("/account/settings")
  await expect(page.getByRole("button", { name: "Add passkey" })).toBeVisible()
  await expect(page.getByText("unnamed")).toHaveCount(0)
})

test("someone signs in with a code from the mail", async ({ page, person }) => {
  await signUp(page, person)
  await signOut(page)
  const before = await codeFor(person.email)
  await page.goto("/auth/login?return_to=/account")
  await page.getByRole("textbox", { name: "Email" }).fill(person.email)
  await page.getByRole("button", { name: /code/i }).click()
  const code = await codeFor(person.email, before)
  await page.getByRole("textbox", { name: /code/i }).fill(code === "000000" ? "000001" : "000000")
  await page.getByRole("button", { name: "Continue", exact: true }).click()
  await expect(page.getByText(/code is invalid/i).first()).toBeVisible()
  await page.getByRole("textbox", { name: /code/i }).fill(code)
  await page.getByRole("button", { name: "Continue", exact: true }).click()
  await page.waitForURL("**/account")

  // Once.
  await signOut(page)
  await page.goto("/auth/login?return_to=/account")
  await page.getByRole("textbox", { name: "Email" }).fill(person.email)
  await page.getByRole("button", { name: /code/i }).click()
  await codeFor(person.email, code)
  await page.getByRole("textbox", { name: /code/i }).fill(code)
  await page.getByRole("button", { name: "Continue", exact: true }).click()
  await expect(page.getByText(/code is invalid/i).first()).toBeVisible()
})
