import { AxeBuilder } from "@axe-core/playwright"
import type { Page } from "playwright/test"
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
  type Account,
  type OpenOptions,
  type SignedIn,
} from "./fixtures"
import { createIdentity, createUser, randomAccount } from "./http"
import type { Servers } from "./servers"
import { setting } from "./settings"
import { texts } from "./texts"

/** Checks pages and states of their forms with axe, in both themes and two widths. No rule is disabled and nothing is excluded. */

interface Given {
  page: Page
  newAccount: Account
  user: SignedIn
  openPage: (appUrl?: string, options?: OpenOptions) => Promise<Page>
  openAs: (user: SignedIn, appUrl?: string, options?: OpenOptions) => Promise<Page>
  ownServers: () => Promise<Servers>
}

interface State {
  name: string
  /** The page's only `h1`. It proves that this is the right page. */
  title: string | RegExp
  /** A text that the state shows. */
  shows?: string | RegExp
  reach: (given: Given) => Promise<Page>
}

const open =
  (path: string) =>
  async ({ page }: Given): Promise<Page> => {
    await page.goto(path)
    return page
  }

const openSignedIn =
  (path: string, act?: (page: Page, given: Given) => Promise<unknown>) =>
  async (given: Given): Promise<Page> => {
    const page = await given.openAs(given.user, undefined, { expectedErrors: /^404 / })
    await page.goto(path)
    await act?.(page, given)
    return page
  }

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
  { name: "landing page", title: /./, reach: open("/") },
  { name: "sign-in", title: "Sign in", reach: open("/auth/login") },
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
    name: "sign-in with a wrong password",
    title: "Sign in",
    shows: /credentials are invalid/,
    reach: async ({ page, user }) => {
      await page.goto("/auth/login")
      await signIn(page, { ...user, password: "wrong password" })
      return page
    },
  },
  {
    name: "sign-in, code sent",
    title: /./,
    shows: /resend/i,
    reach: requestCode,
  },
  {
    name: "sign-in with a wrong code",
    title: /./,
    shows: /code is invalid/,
    reach: async (given) => {
      const page = await requestCode(given)
      await enterCode(page, "000000")
      return page
    },
  },
  { name: "sign-up", title: "Register an account", reach: open("/auth/registration") },
  {
    name: "sign-up without an address",
    title: "Register an account",
    shows: /fill (out|in) this field/,
    reach: async ({ page }) => {
      await page.goto("/auth/registration")
      await page.getByRole("button", { name: "Sign up" }).click()
      return page
    },
  },
  {
    name: "sign-up, choice of a method",
    title: "Register an account",
    shows: "Passkey",
    reach: async ({ page, newAccount }) => {
      await page.goto("/auth/registration")
      await submitTraits(page, newAccount.email)
      return page
    },
  },
  {
    name: "sign-up with a short password",
    title: "Register an account",
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
  { name: "verification", title: "Verify your account", reach: open("/auth/verification") },
  {
    name: "verification after sign-up",
    title: "Verify your account",
    shows: "Resend code",
    reach: async ({ page, newAccount }) => {
      await page.goto("/auth/registration")
      await submitRegistration(page, newAccount)
      return page
    },
  },
  {
    name: "verification with a wrong code",
    title: "Verify your account",
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
    title: /./,
    shows: /success/i,
    reach: async ({ page, newAccount }) => {
      await page.goto("/auth/registration")
      await submitRegistration(page, newAccount)
      await enterCode(page, await codeFor(newAccount.email))
      return page
    },
  },
  { name: "recovery", title: "Recover your account", reach: open("/auth/recovery") },
  {
    name: "recovery, code sent",
    title: "Recover your account",
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
    title: /second factor/i,
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
    title: /./,
    shows: "Password",
    reach: openSignedIn("/api/refresh-session?return_to=/account"),
  },
  { name: "dashboard", title: "Dashboard", reach: openSignedIn("/dashboard") },
  { name: "account", title: "Account", reach: openSignedIn("/account") },
  {
    name: "account, saved",
    title: "Account",
    shows: texts.account.saved,
    reach: openSignedIn("/account", async (page) => {
      await page.getByRole("textbox", { name: texts.account.firstName }).fill("Ada")
      await page.getByRole("button", { name: texts.account.save }).click()
    }),
  },
  {
    name: "account with an unconfirmed address",
    title: "Account",
    shows: texts.account.unconfirmed,
    reach: async ({ page }) => {
      const account = randomAccount()
      await createIdentity(setting("ORY_ADMIN_URL"), account, { verified: false })
      await page.goto("/account")
      await signIn(page, account)
      return page
    },
  },
  { name: "devices", title: "Devices", shows: texts.devices.thisDevice, reach: openSignedIn("/account/devices") },
  { name: "settings", title: "Settings", shows: "Authenticator App", reach: openSignedIn("/account/settings") },
  {
    name: "settings with an error",
    title: "Settings",
    shows: /at least 8 characters/,
    reach: openSignedIn("/account/settings", (page) => changePassword(page, "short")),
  },
  {
    name: "settings, saved",
    title: "Settings",
    shows: "Your changes have been saved!",
    reach: openSignedIn("/account/settings", (page) => changePassword(page, "a longer password 1234")),
  },
  {
    name: "settings with new backup codes",
    title: "Settings",
    shows: "Confirm backup recovery codes",
    reach: openSignedIn("/account/settings", (page) => page.getByRole("button", { name: "Enable" }).click()),
  },
  {
    name: "settings with both second factors",
    title: "Settings",
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
    title: "Settings",
    shows: texts.forms.removalQuestion,
    reach: async ({ page, newAccount }) => {
      await signUp(page, newAccount)
      await enrolTotp(page)
      await page.getByRole("button", { name: /Unlink/ }).click()
      return page
    },
  },
  {
    name: "data",
    title: texts.data.heading,
    reach: async ({ page, newAccount }) => {
      await signUp(page, newAccount)
      await enrolTotp(page)
      await page.goto("/account/data")
      return page
    },
  },
  { name: "unknown path", title: texts.notFound, reach: openSignedIn("/no-such-page") },
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
  { name: "signed-out page", title: texts.signedOutHere, reach: open("/auth/signed-out") },
  {
    name: "redirect loop",
    title: texts.signInDidNotArrive,
    reach: async ({ openPage }) => {
      const page = await openPage(undefined, { expectedErrors: /^401 / })
      await page.goto("/auth/no-session")
      return page
    },
  },
  { name: "error of a flow", title: texts.error, reach: open("/auth/error") },
]

test("the list has at least 30 different states", () => {
  expect(states.length).toBeGreaterThanOrEqual(30)
  expect(new Set(states.map(({ name }) => name)).size).toBe(states.length)
})

for (const { name, title, shows, reach } of states)
  test(`axe finds nothing: ${name}`, async ({ page: plain, newAccount, openPage, openAs, ownServers }) => {
    const page = await reach({ page: plain, newAccount, user: await createUser(), openPage, openAs, ownServers })
    await expect(page.getByRole("heading", { level: 1 })).toHaveText(title)
    if (shows !== undefined) await expect(page.getByText(shows).first()).toBeVisible()
    for (const colorScheme of ["light", "dark"] as const)
      for (const width of [1280, 360]) {
        // Without reduced motion, axe could measure a colour in the middle of a transition.
        await page.emulateMedia({ colorScheme, reducedMotion: "reduce" })
        await page.setViewportSize({ width, height: 800 })
        const { violations } = await new AxeBuilder({ page }).analyze()
        expect(
          violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" ")}`),
          `${colorScheme}, ${width} px`,
        ).toEqual([])
      }
  })
