import { randomUUID } from "node:crypto"
import { TOTP } from "otpauth"
import { expect, test as base, type Page } from "playwright/test"
import { setting } from "./settings"
import { startTopology, type Started, type Topology } from "./topologies"

export { expect }

/** Someone with an address and a password of their own, so that no test depends on another's. */
export interface Person {
  email: string
  password: string
}

/** Chosen by the projects in `playwright.config.ts`; a worker has one, and tells its tests by {@link setting} where it is. */
export interface WorkerOptions {
  topology: Topology
}

/**
 * `page` fails its test when a console error or a failed request shows up (see {@link watch}); where the browser is to reach
 * Ory through something else, every request to Ory itself fails.
 */
export const test = base.extend<{ person: Person }, WorkerOptions & { started: Started }>({
  topology: ["direct", { option: true, scope: "worker" }],
  started: [
    async ({ topology }, use) => {
      const started = await startTopology(topology)
      await use(started)
      await started.stop()
    },
    { scope: "worker", timeout: 180_000 },
  ],
  baseURL: async ({ started }, use) => {
    await use(started.appUrl)
  },
  person: async ({}, use) => {
    await use({ email: `${randomUUID()}@example.com`, password: `${randomUUID()} is long` })
  },
  page: async ({ page, started }, use) => {
    const errors = watch(page)
    if (started.hiddenUrl !== undefined) await page.context().route(`${started.hiddenUrl}/**`, (route) => route.abort())
    await use(page)
    expect(errors).toEqual([])
  },
})

/** Collects what a person's browser would complain about, except what is normal in flows. */
export function watch(page: Page): string[] {
  const errors: string[] = []
  page.on("pageerror", (error) => errors.push(`page error: ${error.message}`))
  page.on("console", (message) => {
    // The browser logs every 4xx as an error; the responses are looked at below.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      errors.push(`console: ${message.text()}`)
  })
  page.on("response", (response) => {
    // Ory answers a form that is not finished with 400, and with 422 when the browser is to go on elsewhere.
    const step = [400, 422].includes(response.status()) && new URL(response.url()).pathname.startsWith("/self-service/")
    if (response.status() >= 400 && !step) errors.push(`${response.status()} ${response.url()}`)
  })
  page.on("requestfailed", (request) => {
    const why = request.failure()?.errorText ?? "failed"
    // Leaving a page ends what it was still fetching ahead of time.
    if (why !== "net::ERR_ABORTED") errors.push(`${why} ${request.url()}`)
  })
  return errors
}

/** Signs up with a password and confirms the address with the code from the mail. Ends at `returnTo`. */
export async function signUp(page: Page, { email, password }: Person, returnTo = "/dashboard"): Promise<void> {
  await page.goto(`/auth/registration?return_to=${encodeURIComponent(returnTo)}`)
  await page.getByLabel("Email").fill(email)
  await page.getByRole("button", { name: "Sign up" }).click()
  await page.getByRole("button", { name: /^Password/ }).click()
  await page.getByRole("textbox", { name: "Password" }).fill(password)
  await page.getByRole("button", { name: "Sign up" }).click()
  await page.waitForURL("**/auth/verification**")
  await page.getByLabel(/code/i).fill(await codeFor(email))
  await page.getByRole("button", { name: "Continue", exact: true }).click()
  await page.getByRole("link", { name: "Continue" }).click()
  await page.waitForURL((url) => url.pathname + url.search === returnTo)
}

/** Signs in on the login page that is open. */
export async function signIn(page: Page, { email, password }: Person): Promise<void> {
  await page.waitForURL("**/auth/login**")
  await page.getByRole("textbox", { name: "Email" }).fill(email)
  await page.getByRole("textbox", { name: "Password" }).fill(password)
  await page.getByRole("button", { name: "Sign in with password" }).click()
}

/** Signs in again on the login page that is open, as a refresh asks. */
export async function confirm(page: Page, { email, password }: Person): Promise<void> {
  await page.waitForURL("**/auth/login**")
  await page.getByRole("textbox", { name: "Email" }).fill(email)
  await page.getByRole("textbox", { name: "Password" }).fill(password)
  await page.getByRole("button", { name: "Sign in", exact: true }).click()
}

/** Gives the second factor on the login page that asks for it. */
export async function secondFactor(page: Page, code: string): Promise<void> {
  await page.getByLabel(/code/i).fill(code)
  await page
    .getByRole("button", { name: /Continue|Verify|Use Authenticator|Sign in/ })
    .first()
    .click()
}

/** Enrols an authenticator app, signs out, and in again with the password alone. Returns the cookies of someone who owes the code. */
export async function oweSecondFactor(page: Page, person: Person): Promise<string> {
  await signUp(page, person)
  await enrolTotp(page)
  await signOut(page)
  await page.goto("/dashboard")
  await signIn(page, person)
  await expect(page.getByRole("textbox", { name: /code/i })).toBeVisible()
  return (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join("; ")
}

/** Goes to settings and enrols an authenticator app. */
export async function enrolTotp(page: Page): Promise<TOTP> {
  await page.goto("/account/settings")
  const totp = await submitTotp(page)
  await expect(page.getByText("Your changes have been saved!").first()).toBeVisible()
  return totp
}

/** Enrols an authenticator app on the settings page that is open. */
export async function submitTotp(page: Page): Promise<TOTP> {
  const form = page.locator("form", { has: page.getByRole("textbox", { name: "Verify code" }) })
  const secret = await form.getByRole("textbox").first().inputValue()
  const totp = new TOTP({ secret })
  await form.getByRole("textbox", { name: "Verify code" }).fill(totp.generate())
  await form.getByRole("button", { name: "Save" }).click()
  return totp
}

export async function signOut(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Sign out", exact: true }).click()
  await page.waitForURL((url) => url.pathname === "/")
}

/** The newest six-digit code in the inbox for this address, once there is one, and another than `before`. */
export async function codeFor(email: string, before?: string, inboxUrl = setting("INBOX_URL")): Promise<string> {
  let code: string | undefined
  await expect
    .poll(
      async () => {
        const response = await fetch(`${inboxUrl}/email`)
        const mails = (await response.json()) as { to: { address: string }[]; text: string; time: string }[]
        const newest = mails.filter(({ to }) => to.some(({ address }) => address === email)).at(-1)
        code = /\b\d{6}\b/.exec(newest?.text ?? "")?.[0]
        return code === before ? undefined : code
      },
      { message: `a mail with a code for ${email}`, timeout: 15_000 },
    )
    .toBeDefined()
  return code ?? ""
}
