import { randomUUID } from "node:crypto"
import { expect, test as base, type Page } from "playwright/test"
import { setting } from "./settings"

export { expect }

/** Someone with an address and a password of their own, so that no test depends on another's. */
export interface Person {
  email: string
  password: string
}

interface Fixtures {
  person: Person
  /** Console errors and failed requests a test expects; everything else of the kind fails it. */
  expectedErrors: RegExp[]
}

export const test = base.extend<Fixtures>({
  baseURL: async ({}, use) => {
    await use(setting("APP_URL"))
  },
  person: async ({}, use) => {
    await use({ email: `${randomUUID()}@example.com`, password: `${randomUUID()} is long` })
  },
  expectedErrors: async ({}, use) => {
    await use([])
  },
  page: async ({ page, expectedErrors }, use) => {
    const errors = watch(page)
    await use(page)
    expect(errors.filter((error) => !expectedErrors.some((expected) => expected.test(error)))).toEqual([])
  },
})

/** Collects what a person's browser would complain about, except what is normal in flows. */
export function watch(page: Page): string[] {
  const errors: string[] = []
  page.on("pageerror", (error) => errors.push(`page error: ${error.message}`))
  page.on("console", (message) => {
    // Ory answers a form that is not finished with 400; the browser logs that as an error. The response is looked at below.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) errors.push(`console: ${message.text()}`)
  })
  page.on("response", (response) => {
    const step = response.status() === 400 && new URL(response.url()).pathname.startsWith("/self-service/")
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

/** The newest six-digit code in the inbox for this address, once there is one, and another than `before`. */
export async function codeFor(email: string, before?: string): Promise<string> {
  let code: string | undefined
  await expect
    .poll(
      async () => {
        const response = await fetch(`${setting("INBOX_URL")}/email`)
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
