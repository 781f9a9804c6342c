import type { Page } from "playwright/test"
import { openSignedIn, testStates, type Given, type State } from "../../e2e/accessibility"
import {
  changePassword,
  codeFor,
  enrolLookupSecrets,
  enrolTotp,
  expect,
  signIn,
  signOut,
  signUp,
  submitRegistration,
  submitTraits,
  test,
} from "../../e2e/fixtures"
import { createIdentity, createUser, randomAccount } from "../../e2e/http"
import { setting } from "../../e2e/settings"
import { texts } from "../../e2e/texts"

/** Checks the steps and the errors of the forms with axe. `e2e/accessibility.spec.ts` checks each page. */

const requestCode = async ({ page, user }: Given): Promise<Page> => {
  await page.goto("/auth/login")
  await page.locator("input[name=identifier]").fill(user.email)
  await page.getByRole("button", { name: /code/i }).click()
  return page
}

const enterCode = async (page: Page, code: string): Promise<void> => {
  await page.getByRole("textbox", { name: /code/i }).fill(code)
  await page.getByRole("button", { name: /^(Continue|Use Authenticator)/ }).click()
}

const states: readonly State[] = [
  {
    name: "sign-in without an address",
    title: "Sign in",
    shows: /fill (out|in) this field/,
    reach: async ({ page }) => {
      await page.goto("/auth/login")
      await page.getByRole("button", { name: /code/i }).click()
      return page
    },
  },
  {
    name: "sign-in without passkeys",
    title: "Sign in",
    shows: texts.forms.passkeysUnsupported,
    reach: async ({ page }) => {
      await page.addInitScript("delete window.PublicKeyCredential")
      await page.goto("/auth/login")
      return page
    },
  },
  {
    name: "sign-in, code sent",
    title: "Sign in",
    shows: /resend/i,
    reach: requestCode,
  },
  {
    name: "sign-in with a wrong code",
    title: "Sign in",
    shows: /code is invalid/,
    reach: async (given) => {
      const page = await requestCode(given)
      await enterCode(page, "000000")
      return page
    },
  },
  {
    name: "sign-up without an address",
    title: texts.forms.signUpTitle,
    shows: /fill (out|in) this field/,
    reach: async ({ page }) => {
      await page.goto("/auth/registration")
      await page.getByRole("button", { name: "Sign up" }).click()
      return page
    },
  },
  {
    name: "sign-up, choice of a method",
    title: texts.forms.signUpTitle,
    shows: "Passkey",
    reach: async ({ page, newAccount }) => {
      await page.goto("/auth/registration")
      await submitTraits(page, newAccount.email)
      return page
    },
  },
  {
    name: "sign-up with a short password",
    title: texts.forms.signUpTitle,
    shows: /at least 8 characters/,
    reach: async ({ page, newAccount }) => {
      await page.goto("/auth/registration")
      await submitTraits(page, newAccount.email)
      await page.getByRole("button", { name: /^Password/ }).click()
      await page.locator("input[name=password]").fill("short")
      await page.getByRole("button", { name: "Sign up" }).click()
      return page
    },
  },
  {
    name: "verification after sign-up",
    title: texts.forms.confirmTitle,
    shows: "Resend code",
    reach: async ({ page, newAccount }) => {
      await page.goto("/auth/registration")
      await submitRegistration(page, newAccount)
      return page
    },
  },
  {
    name: "verification with a wrong code",
    title: texts.forms.confirmTitle,
    shows: /code is invalid/,
    reach: async ({ page, newAccount }) => {
      await page.goto("/auth/registration")
      await submitRegistration(page, newAccount)
      await enterCode(page, "000000")
      return page
    },
  },
  {
    name: "verification, done",
    title: texts.forms.confirmTitle,
    shows: /success/i,
    reach: async ({ page, newAccount }) => {
      await page.goto("/auth/registration")
      await submitRegistration(page, newAccount)
      await enterCode(page, await codeFor(newAccount.email))
      return page
    },
  },
  {
    name: "recovery, code sent",
    title: texts.forms.resetTitle,
    shows: /resend/i,
    reach: async ({ page, user }) => {
      await page.goto("/auth/recovery")
      await page.locator("input[name=email]").fill(user.email)
      await page.getByRole("button", { name: /continue/i }).click()
      return page
    },
  },
  {
    name: "second factor",
    title: "Second factor authentication",
    shows: /code/i,
    reach: async ({ page, newAccount }) => {
      await signUp(page, newAccount)
      await enrolTotp(page)
      await signOut(page)
      await page.goto("/dashboard")
      await signIn(page, newAccount)
      return page
    },
  },
  {
    name: "sign-in again",
    title: texts.forms.signInAgainTitle,
    shows: "Password",
    reach: openSignedIn("/api/refresh-session?return_to=/account"),
  },
  {
    name: "account, saved",
    title: texts.nav.account,
    shows: texts.account.saved,
    reach: openSignedIn("/account", async (page) => {
      await page.getByRole("textbox", { name: texts.account.firstName }).fill("Ada")
      await page.getByRole("button", { name: texts.account.save }).click()
    }),
  },
  {
    name: "account with an unconfirmed address",
    title: texts.nav.account,
    shows: texts.account.unconfirmed,
    reach: async ({ page }) => {
      const account = randomAccount()
      await createIdentity(setting("ORY_ADMIN_URL"), account, { verified: false })
      await page.goto("/account")
      await signIn(page, account)
      return page
    },
  },
  {
    name: "settings with an error",
    title: texts.nav.settings,
    shows: /at least 8 characters/,
    reach: openSignedIn("/account/settings", (page) => changePassword(page, "short")),
  },
  {
    name: "settings, saved",
    title: texts.nav.settings,
    shows: "Your changes have been saved!",
    reach: openSignedIn("/account/settings", (page) => changePassword(page, "a longer password 1234")),
  },
  {
    name: "settings with a QR code",
    title: texts.nav.settings,
    shows: "Verify code",
    reach: openSignedIn("/account/settings", (page) => page.getByText(texts.forms.setUp).click()),
  },
  {
    name: "settings with new backup codes",
    title: texts.nav.settings,
    shows: "Confirm backup codes",
    reach: openSignedIn("/account/settings", (page) =>
      page.getByRole("button", { name: texts.ory.enableBackupCodes }).click(),
    ),
  },
  {
    name: "settings with both second factors",
    title: texts.nav.settings,
    shows: "Disable this method",
    reach: async ({ page, newAccount }) => {
      await signUp(page, newAccount)
      await enrolTotp(page)
      await enrolLookupSecrets(page)
      return page
    },
  },
  {
    name: "settings, question before a removal",
    title: texts.nav.settings,
    shows: texts.forms.removalQuestion,
    reach: async ({ page, newAccount }) => {
      await signUp(page, newAccount)
      await enrolTotp(page)
      await page.getByRole("button", { name: /Unlink/ }).click()
      return page
    },
  },
  { name: "page for confirmed addresses", title: texts.members, reach: openSignedIn("/members") },
  {
    name: "deletion with a wrong address",
    title: texts.deleteAccount.title,
    shows: texts.deleteAccount.problems.address,
    reach: async ({ openAs, ownServers }) => {
      const servers = await ownServers({ app: { ORY_ADMIN_URL: "http://localhost:1" } })
      const page = await openAs(await createUser(servers), servers.appUrl)
      await page.goto("/account/delete?problem=address")
      return page
    },
  },
  {
    name: "outage",
    title: texts.outage,
    reach: async ({ openAs, ownServers }) => {
      const servers = await ownServers()
      const page = await openAs(await createUser(servers), servers.appUrl, { expectedErrors: /^503 / })
      await servers.ory.stopKratos()
      await page.goto("/dashboard")
      return page
    },
  },
  {
    name: "redirect loop",
    title: texts.signInDidNotArrive,
    reach: async ({ openPage }) => {
      const page = await openPage(undefined, { expectedErrors: /^401 / })
      await page.goto("/auth/no-session")
      return page
    },
  },
]

test("the list has at least 20 different states", () => {
  expect(states.length).toBeGreaterThanOrEqual(20)
  expect(new Set(states.map(({ name }) => name)).size).toBe(states.length)
})

// They take two minutes, so `npm test` leaves them out.
test.describe("a step or an error", { tag: "@slow" }, () => {
  testStates(states)
})
