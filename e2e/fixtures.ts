import { TOTP } from "otpauth"
import {
  expect,
  test as base,
  type BrowserContextOptions,
  type CDPSession,
  type Locator,
  type Page,
} from "playwright/test"
import { requiredTraits } from "../ory/required-traits"
import { browserCookies, createUser, randomAccount, type Account, type SignedIn } from "./http"
import { startServers, type Servers, type ServersOptions } from "./servers"
import { setting } from "./settings"
import { texts } from "./texts"
import { startTopology, type Started, type Topology } from "./topologies"

export { expect }
export type { Account, SignedIn }

/** The projects in `playwright.config.ts` choose the topology. Each worker has one, and tests find its servers by {@link setting}. */
export interface WorkerOptions {
  topology: Topology
}

export interface OpenOptions extends BrowserContextOptions {
  /** Browser errors that belong to the test, for example `/^401 /`. All others fail it. See {@link collectErrors}. */
  expectedErrors?: RegExp
}

/** Opens a page of the app at `appUrl` in a new browser context. By default, the app is the one that this worker tests. */
type OpenPage = (appUrl?: string, options?: OpenOptions) => Promise<Page>

interface Fixtures {
  /** An account that does not exist in Ory yet, to sign up with. */
  newAccount: Account
  /** A user with a session at this worker's servers, created by Ory's API. */
  user: SignedIn
  /** A page with the session of `user`. */
  signedInPage: Page
  openPage: OpenPage
  /** Opens a page like `openPage`, with this user's session. */
  openAs: (user: SignedIn, ...at: Parameters<OpenPage>) => Promise<Page>
  /** Starts servers for this test only. */
  ownServers: (options?: ServersOptions) => Promise<Servers>
  /** Registers a function to run after the test. The last one runs first, and all of them run even if one fails. */
  afterTest: (cleanUp: () => unknown) => void
}

/** Every page that these fixtures open fails its test on a console error or a failed request: see {@link collectErrors}. */
export const test = base.extend<Fixtures, WorkerOptions & { started: Started }>({
  topology: ["direct", { option: true, scope: "worker" }],
  started: [
    async ({ topology }, use) => {
      const started = await startTopology(topology)
      await use(started)
      await started.stop()
    },
    { scope: "worker", auto: true, timeout: 180_000 },
  ],
  baseURL: async ({ started }, use) => {
    await use(started.appUrl)
  },
  page: async ({ page, started }, use) => {
    const errors = collectErrors(page)
    if (started.hiddenUrl !== undefined) await page.context().route(`${started.hiddenUrl}/**`, (route) => route.abort())
    await use(page)
    expect(errors).toEqual([])
  },
  newAccount: async ({}, use) => {
    await use(randomAccount())
  },
  user: async ({ started }, use) => {
    // The servers of this worker must run first.
    expect(started.appUrl).toBe(setting("APP_URL"))
    await use(await createUser())
  },
  signedInPage: async ({ openAs, user }, use) => {
    await use(await openAs(user))
  },
  openPage: async ({ browser, started, afterTest }, use) => {
    await use(async (appUrl = started.appUrl, { expectedErrors, ...options } = {}) => {
      const context = await browser.newContext({ baseURL: appUrl, ignoreHTTPSErrors: true, ...options })
      const errors: string[] = []
      context.on("page", (page) => collectErrors(page, errors))
      afterTest(async () => {
        await context.close()
        expect(errors.filter((error) => !expectedErrors?.test(error))).toEqual([])
      })
      if (started.hiddenUrl !== undefined) await context.route(`${started.hiddenUrl}/**`, (route) => route.abort())
      return context.newPage()
    })
  },
  openAs: async ({ openPage, started }, use) => {
    await use(async (user, appUrl = started.appUrl, options) => {
      const page = await openPage(appUrl, options)
      await page.context().addCookies(browserCookies(user, appUrl))
      return page
    })
  },
  ownServers: async ({ afterTest }, use) => {
    await use(async (options) => {
      const servers = await startServers(options)
      afterTest(() => servers.stop())
      return servers
    })
  },
  afterTest: async ({}, use) => {
    const cleanUps: (() => unknown)[] = []
    await use((cleanUp) => cleanUps.push(cleanUp))
    const errors: unknown[] = []
    for (const cleanUp of cleanUps.reverse())
      try {
        await cleanUp()
      } catch (error) {
        errors.push(error)
      }
    if (errors.length > 0) throw errors[0]
  },
})

/** Collects the errors of a page: exceptions, console errors, failed requests, and responses with an unexpected status. */
export function collectErrors(page: Page, errors: string[] = []): string[] {
  page.on("pageerror", (error) => errors.push(`page error: ${error.message}`))
  page.on("console", (message) => {
    // The browser logs every 4xx as an error. The response handler below decides about those.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      errors.push(`console: ${message.text()}`)
  })
  page.on("response", (response) => {
    const { pathname } = new URL(response.url())
    // Ory responds with 400 to an incomplete form, and 422 when the browser must continue elsewhere.
    const flowStep = [400, 422].includes(response.status()) && pathname.startsWith("/self-service/")
    // A page may fetch the session to find out whether the visitor is signed in.
    const signedOutFetch =
      response.status() === 401 && response.request().resourceType() === "fetch" && pathname.startsWith("/api/")
    if (response.status() >= 400 && !flowStep && !signedOutFetch) errors.push(`${response.status()} ${response.url()}`)
  })
  page.on("requestfailed", (request) => {
    const reason = request.failure()?.errorText ?? "failed"
    // A navigation aborts the prefetches of the page before it. Each engine says it in its own words.
    if (!/^net::ERR_ABORTED$|^NS_BINDING_ABORTED$|cancelled/i.test(reason)) errors.push(`${reason} ${request.url()}`)
  })
  return errors
}

/** Asserts that the page is this user's. The user menu of all protected pages has the email address. */
export async function expectSignedIn(page: Page, { email }: Account): Promise<void> {
  await expect(page.getByRole("button", { name: texts.nav.userMenu })).toBeVisible()
  await expect(page.getByText(email).first()).toBeAttached()
}

export async function openUserMenu(page: Page): Promise<void> {
  await page.getByRole("button", { name: texts.nav.userMenu }).click()
}

/** Follows a link of the page, or else of the user menu. */
export async function follow(page: Page, name: string): Promise<void> {
  const link = page.getByRole("link", { name, exact: true }).first()
  if (!(await link.isVisible())) await openUserMenu(page)
  await link.click()
}

/** The session of the page's browser, from the app's API. */
export async function sessionOf(page: Page): Promise<{
  id: string
  authenticated_at: string
  expires_at: string
  authenticator_assurance_level: string
}> {
  const response = await page.request.get("/api/me")
  expect(response.status()).toBe(200)
  return (await response.json()) as Awaited<ReturnType<typeof sessionOf>>
}

/** Gives a page time to send what it fetches by itself. On a page that leaves a response unread, `networkidle` would never come. */
export async function settle(page: Page): Promise<void> {
  await page.waitForTimeout(1000)
}

/** Signs up with a password and verifies the address with the code from the email. Ends at `returnTo`. */
export async function signUp(page: Page, account: Account, returnTo = "/dashboard"): Promise<void> {
  await page.goto(`/auth/registration?return_to=${encodeURIComponent(returnTo)}`)
  await submitRegistration(page, account)
  await verifyAddress(page, await codeFor(account.email))
  await page.waitForURL((url) => url.pathname + url.search === returnTo)
}

/** Submits the open registration form with a password. Ends at the form for the verification code. */
export async function submitRegistration(page: Page, { email, password }: Account): Promise<void> {
  await submitTraits(page, email)
  await page.getByRole("button", { name: texts.ory.choosePassword }).click()
  await page.locator("input[name=password]").fill(password)
  await page.getByRole("button", { name: texts.ory.signUp }).click()
  await page.waitForURL("**/auth/verification**")
}

/** Submits the first step of the open registration form: the address, and the values in `ory/required-traits.ts`. */
export async function submitTraits(page: Page, email: string): Promise<void> {
  await page.locator('input[name="traits.email"]').fill(email)
  for (const [name, value] of Object.entries(traitFields(requiredTraits))) {
    const field = page.locator(`[name="${name}"]`).last()
    if (value === true) await field.check()
    else if (value !== false) await field.fill(String(value))
  }
  await page.getByRole("button", { name: texts.ory.signUp }).click()
}

/** The name and value of each form field that Ory makes of these traits, for example `traits.address.city`. */
export function traitFields(traits: object, path = "traits"): Record<string, string | number | boolean> {
  const fields: Record<string, string | number | boolean> = {}
  for (const [name, value] of Object.entries(traits as Record<string, object | string | number | boolean>))
    if (typeof value === "object") Object.assign(fields, traitFields(value, `${path}.${name}`))
    else fields[`${path}.${name}`] = value
  return fields
}

/** Enters the code on the open verification page, and continues. */
export async function verifyAddress(page: Page, code: string): Promise<void> {
  await codeField(page).fill(code)
  await page.getByRole("button", { name: texts.ory.continue, exact: true }).click()
  await page.getByRole("link", { name: texts.ory.continue }).click()
}

/** The field for a code on the open page, of any kind. */
export function codeField(page: Page): Locator {
  return page.locator("input:is([name=code], [name=totp_code], [name=lookup_secret])")
}

/** Signs in with a password on the open login page. Also confirms the sign-in where Ory asks for it again. */
export async function signIn(page: Page, { email, password }: Account): Promise<void> {
  await page.waitForURL("**/auth/login**")
  await page.locator("input[name=identifier]").fill(email)
  await page.locator("input[name=password]").fill(password)
  await page.locator("button[name=method][value=password]").click()
}

/** Enters the second factor on the open login page. */
export async function enterSecondFactor(page: Page, code: string): Promise<void> {
  await codeField(page).fill(code)
  await page.getByRole("button", { name: texts.ory.submitCode }).first().click()
}

/** Signs up, enrols an authenticator app, and signs in with the password only. Returns the cookies of that session. */
export async function signInWithoutSecondFactor(page: Page, account: Account): Promise<string> {
  await signUp(page, account)
  await enrolTotp(page)
  await signOut(page)
  await page.goto("/dashboard")
  await signIn(page, account)
  await expect(codeField(page)).toBeVisible()
  return (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join("; ")
}

/** Opens the settings page and enrols an authenticator app. */
export async function enrolTotp(page: Page): Promise<TOTP> {
  await page.goto("/account/settings")
  const totp = await submitTotp(page)
  await expectSettingsSaved(page)
  return totp
}

/** Enrols an authenticator app on the open settings page. */
export async function submitTotp(page: Page): Promise<TOTP> {
  const form = page.locator("form#totp-settings")
  await form.getByText(texts.forms.setUp).click()
  const secret = await form.getByRole("textbox").first().inputValue()
  const totp = new TOTP({ secret })
  await form.getByRole("textbox", { name: texts.ory.verifyCode }).fill(totp.generate())
  await form.getByRole("button", { name: texts.ory.save }).click()
  return totp
}

/** Opens the settings page and enrols backup codes. Returns the codes. */
export async function enrolLookupSecrets(page: Page): Promise<string[]> {
  await page.goto("/account/settings")
  await page.getByRole("button", { name: texts.ory.enableBackupCodes }).click()
  const confirm = page.getByRole("button", { name: texts.ory.confirmBackupCodes })
  await expect(confirm).toBeVisible()
  const codes = (await page.getByRole("main").innerText()).match(/^[a-z0-9]{8}$/gm) ?? []
  expect(codes).toHaveLength(12)
  await confirm.click()
  await expectSettingsSaved(page)
  return codes
}

/** Submits a new password on the open settings page. */
export async function changePassword(page: Page, password: string): Promise<void> {
  const form = page.locator("form", { has: page.getByRole("textbox", { name: texts.ory.password }) })
  await form.getByRole("textbox", { name: texts.ory.password }).fill(password)
  await form.getByRole("button", { name: texts.ory.save }).click()
}

/** Asserts that Ory's settings page confirms a change. */
export async function expectSettingsSaved(page: Page): Promise<void> {
  await expect(page.getByText(texts.ory.saved).first()).toBeVisible()
}

export async function signOut(page: Page): Promise<void> {
  await openUserMenu(page)
  await page.getByRole("button", { name: texts.nav.signOut, exact: true }).click()
  await page.waitForURL((url) => url.pathname === "/")
}

export interface Mail {
  from: { address: string; name: string }[]
  to: { address: string }[]
  subject: string
  text: string
  html: string
}

/** The newest email to this address in the inbox. */
export async function newestMail(email: string, inboxUrl: string): Promise<Mail | undefined> {
  const response = await fetch(`${inboxUrl}/email`)
  const mails = (await response.json()) as Mail[]
  return mails.filter(({ to }) => to.some(({ address }) => address === email)).at(-1)
}

/** Waits for an email to this address and returns its six-digit code. Ignores an email whose code is `before`. */
export async function codeFor(email: string, before?: string, inboxUrl = setting("INBOX_URL")): Promise<string> {
  let code: string | undefined
  await expect
    .poll(
      async () => {
        code = /\b\d{6}\b/.exec((await newestMail(email, inboxUrl))?.text ?? "")?.[0]
        return code === before ? undefined : code
      },
      { message: `an email with a code for ${email}`, timeout: 15_000 },
    )
    .toBeDefined()
  return code ?? ""
}

interface Authenticator {
  /** Runs these actions while the authenticator approves every request, as if the user touched it. */
  whileTouched: (act: () => Promise<void>) => Promise<void>
  /** Whether it recognises its user, for example by a fingerprint. Otherwise it refuses. */
  verifiesUsers: (isUserVerified: boolean) => Promise<unknown>
  passkeys: () => Promise<number>
}

/** Adds a virtual authenticator to the browser, so that passkeys work. It approves nothing outside of `whileTouched`. */
export async function addAuthenticator(page: Page): Promise<Authenticator> {
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
    verifiesUsers: (isUserVerified) => session.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified }),
    passkeys: async () => (await session.send("WebAuthn.getCredentials", { authenticatorId })).credentials.length,
  }
}
