import type { CDPSession, Page } from "playwright/test"
import {
  codeFor,
  expect,
  expectSettingsSaved,
  expectSignedIn,
  signOut,
  signUp,
  submitTraits,
  test,
  verifyAddress,
} from "./fixtures"
import { texts } from "./texts"

interface Authenticator {
  /** Runs these actions while the authenticator approves every request, as if the user touched it. */
  whileTouched: (act: () => Promise<void>) => Promise<void>
  passkeys: () => Promise<number>
}

/** Adds a virtual authenticator to the browser, so that passkeys work. It approves nothing outside of `whileTouched`. */
async function addAuthenticator(page: Page): Promise<Authenticator> {
  const session: CDPSession = await page.context().newCDPSession(page)
  await session.send("WebAuthn.enable")
  const { authenticatorId } = await session.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      // Otherwise the login page would sign in as soon as it opens.
      automaticPresenceSimulation: false,
    },
  })
  const approve = (enabled: boolean): Promise<unknown> =>
    session.send("WebAuthn.setAutomaticPresenceSimulation", { authenticatorId, enabled })
  return {
    whileTouched: async (act) => {
      await approve(true)
      await act()
      await approve(false)
    },
    passkeys: async () => (await session.send("WebAuthn.getCredentials", { authenticatorId })).credentials.length,
  }
}

test("a user signs up with a passkey and signs in with it", async ({ page, newAccount }) => {
  const authenticator = await addAuthenticator(page)
  await test.step("sign up", async () => {
    await page.goto("/auth/registration?return_to=/dashboard")
    await submitTraits(page, newAccount.email)
    await authenticator.whileTouched(async () => {
      await page.getByRole("button", { name: /^Passkey/ }).click()
      await page.waitForURL("**/auth/verification**")
    })
    expect(await authenticator.passkeys()).toBe(1)
    await verifyAddress(page, await codeFor(newAccount.email))
    await page.waitForURL("**/dashboard")
    await expect(page.getByRole("main")).toContainText(texts.dashboard.passkey)
    await signOut(page)
  })

  await test.step("sign in", async () => {
    await page.goto("/dashboard?tab=1")
    await page.waitForURL("**/auth/login**")
    // The page first requests a passkey by itself. Wait, because a touch would answer that request.
    const button = page.getByRole("button", { name: /passkey/i })
    await expect(button).toBeEnabled()
    await page.waitForLoadState("networkidle")
    await authenticator.whileTouched(async () => {
      await button.click()
      await page.waitForURL("**/dashboard?tab=1")
    })
    await expectSignedIn(page, newAccount)
  })
})

test("a user adds a passkey to an account and removes it", async ({ page, newAccount }) => {
  const authenticator = await addAuthenticator(page)
  await signUp(page, newAccount)
  await page.goto("/account/settings")
  await authenticator.whileTouched(async () => {
    await page.getByRole("button", { name: "Add passkey" }).click()
    await expectSettingsSaved(page)
  })
  expect(await authenticator.passkeys()).toBe(1)

  await page.goto("/account/settings")
  // Elements gives this button no name.
  await page.getByText("unnamed").locator("xpath=ancestor::*[descendant::button][1]").getByRole("button").click()
  await expectSettingsSaved(page)
  await page.goto("/account/settings")
  await expect(page.getByRole("button", { name: "Add passkey" })).toBeVisible()
  await expect(page.getByText("unnamed")).toHaveCount(0)
})

test("a user signs in with a code from an email, which works only once", async ({ page, newAccount }) => {
  const requestCode = async (before: string): Promise<string> => {
    await page.goto("/auth/login?return_to=/account")
    await page.locator("input[name=identifier]").fill(newAccount.email)
    await page.getByRole("button", { name: /code/i }).click()
    return codeFor(newAccount.email, before)
  }
  const submitCode = async (code: string): Promise<void> => {
    await page.getByRole("textbox", { name: /code/i }).fill(code)
    await page.getByRole("button", { name: "Continue", exact: true }).click()
  }
  const invalid = page.getByText(/code is invalid/i).first()
  await signUp(page, newAccount)
  await signOut(page)
  const code = await requestCode(await codeFor(newAccount.email))

  await test.step("a wrong code is refused", async () => {
    await submitCode(code === "000000" ? "000001" : "000000")
    await expect(invalid).toBeVisible()
  })
  await test.step("the code from the email signs in", async () => {
    await submitCode(code)
    await page.waitForURL("**/account")
  })
  await test.step("the same code is refused the second time", async () => {
    await signOut(page)
    await requestCode(code)
    await submitCode(code)
    await expect(invalid).toBeVisible()
  })
})
