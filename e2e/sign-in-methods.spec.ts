import {
  codeField,
  addAuthenticator,
  codeFor,
  expect,
  expectSettingsSaved,
  expectSignedIn,
  signIn,
  signOut,
  signUp,
  submitTraits,
  test,
  verifyAddress,
} from "./fixtures"
import { texts } from "./texts"

test("a user signs up with a passkey and signs in with it", async ({ page, newAccount }) => {
  const authenticator = await addAuthenticator(page)
  await test.step("sign up", async () => {
    await page.goto("/auth/registration?return_to=/dashboard")
    await submitTraits(page, newAccount.email)
    await authenticator.whileTouched(async () => {
      await page.getByRole("button", { name: texts.ory.choosePasskey }).click()
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
    // The page first requests a passkey by itself. Wait, because a touch would complete that request.
    const button = page.getByRole("button", { name: texts.ory.signInWithPasskey })
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
    await page.getByRole("button", { name: texts.ory.addPasskey }).click()
    await expectSettingsSaved(page)
  })
  expect(await authenticator.passkeys()).toBe(1)

  await page.goto("/account/settings")
  const passkey = page.getByRole("form", { name: texts.forms.passkeys }).getByRole("listitem")
  await expect(passkey).toContainText(String(new Date().getFullYear()))
  await passkey.getByRole("button", { name: texts.ory.removePasskey }).click()
  await page.getByRole("dialog").getByRole("button", { name: texts.ory.removePasskey }).click()
  await expectSettingsSaved(page)
  await expect(page.getByRole("button", { name: texts.ory.addPasskey })).toBeVisible()
  await expect(passkey).toHaveCount(0)
})

test("a passkey that is refused is announced, and the user can try again", async ({ openPage, newAccount }) => {
  // Ory's script logs the browser's error.
  const page = await openPage(undefined, { expectedErrors: /^console: .*NotAllowedError/ })
  const authenticator = await addAuthenticator(page)
  await signUp(page, newAccount)
  await page.goto("/account/settings")
  const add = page.getByRole("button", { name: texts.ory.addPasskey })
  const problem = page.getByRole("alert").filter({ hasText: texts.forms.noPasskeyUsed })
  await authenticator.verifiesUsers(false)
  await authenticator.whileTouched(async () => {
    await add.click()
    await expect(problem).toBeVisible()
    await authenticator.verifiesUsers(true)
    await add.click()
    await expectSettingsSaved(page)
  })
  await expect(problem).toHaveCount(0)
  await signOut(page)

  await page.goto("/auth/login")
  const button = page.getByRole("button", { name: texts.ory.signInWithPasskey })
  await expect(button).toBeEnabled()
  await page.waitForLoadState("networkidle")
  await authenticator.verifiesUsers(false)
  await authenticator.whileTouched(async () => {
    await button.click()
    await expect(problem).toBeVisible()
  })
})

test("a browser without passkeys says so beside the disabled button, and offers the other ways to sign in", async ({
  page,
  user,
}) => {
  await page.addInitScript("delete window.PublicKeyCredential")
  await page.goto("/auth/login?return_to=/account")
  const problem = page.getByRole("alert").filter({ hasText: texts.forms.passkeysUnsupported })
  await expect(problem).toBeVisible()
  await expect(page.getByRole("button", { name: texts.ory.signInWithPasskey })).toBeDisabled()
  await signIn(page, user)
  await page.waitForURL("**/account")
  await page.goto("/account/settings")
  await expect(problem).toBeVisible()
  await expect(page.getByRole("button", { name: texts.ory.addPasskey })).toBeDisabled()
})

test("a user signs in with a code from an email, which works only once", async ({ page, newAccount }) => {
  const requestCode = async (before: string): Promise<string> => {
    await page.goto("/auth/login?return_to=/account")
    await page.locator("input[name=identifier]").fill(newAccount.email)
    await page.getByRole("button", { name: texts.ory.sendSignInCode }).click()
    return codeFor(newAccount.email, before)
  }
  const submitCode = async (code: string): Promise<void> => {
    await codeField(page).fill(code)
    await page.getByRole("button", { name: texts.ory.continue, exact: true }).click()
  }
  const invalid = page.getByText(texts.ory.wrongSignInCode).first()
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
