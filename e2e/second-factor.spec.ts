import type { Page } from "playwright/test"
import { enrolTotp, expect, oweSecondFactor, secondFactor, signIn, signOut, signUp, test, watch } from "./fixtures"
import { browserCookies, PAGE_LOAD, send, signedIn } from "./http"
import { startServers } from "./servers"
import { setting } from "./settings"

test("who enrolled an authenticator app is asked for it, and arrives at the page they asked for", async ({
  page,
  person,
}) => {
  await signUp(page, person)
  const totp = await enrolTotp(page)
  await signOut(page)

  const logins: string[] = []
  page.on("request", (request) => request.url().includes("/self-service/login/browser") && logins.push(request.url()))
  await page.goto("/dashboard?tab=1")
  await signIn(page, person)
  // A code that is not right gets Ory's message.
  await secondFactor(page, "000000")
  await expect(page.getByText(/code is invalid|invalid/i).first()).toBeVisible()
  await secondFactor(page, totp.generate())
  await page.waitForURL(`${setting("APP_URL")}/dashboard?tab=1`)
  await expect(page.getByRole("main")).toContainText("aal2")
  // One for the password, one for the code: nobody goes round in circles.
  expect(logins).toHaveLength(2)
})

test("a backup code is a second factor as well", async ({ page, person }) => {
  await signUp(page, person)
  const codes = await enrolLookupSecrets(page)
  await signOut(page)

  await page.goto("/dashboard?tab=1")
  await signIn(page, person)
  await page.getByRole("textbox", { name: /code/i }).fill(codes[0] ?? "none")
  await page.getByRole("button", { name: "Continue", exact: true }).click()
  await page.waitForURL(`${setting("APP_URL")}/dashboard?tab=1`)
  await expect(page.getByRole("main")).toContainText("aal2")

  // Once.
  await signOut(page)
  await page.goto("/dashboard?tab=1")
  await signIn(page, person)
  for (const [code, words] of [
    [codes[0] ?? "none", "already been used"],
    ["nonsense", "not valid"],
  ] as const) {
    await page.getByRole("textbox", { name: /code/i }).fill(code)
    await page.getByRole("button", { name: "Continue", exact: true }).click()
    await expect(page.getByText(words).first()).toBeVisible()
  }
})

test("a code of the authenticator app works again until it expires: Ory does not remember it", async ({
  page,
  person,
}) => {
  await signUp(page, person)
  const totp = await enrolTotp(page)
  const code = totp.generate()
  for (const attempt of ["first", "second"]) {
    await signOut(page)
    await page.goto(`/dashboard?${attempt}`)
    await signIn(page, person)
    await secondFactor(page, code)
    await page.waitForURL((url) => url.pathname === "/dashboard")
  }
})

test("while a second factor is due, every kind of request is told so, and signing out works", async ({
  page,
  person,
}) => {
  const cookie = await oweSecondFactor(page, person)
  const app = setting("APP_URL")
  const loaded = await send(app, "/dashboard?tab=1", { headers: { ...PAGE_LOAD, cookie } })
  expect(loaded.status).toBe(303)
  const login = new URL(loaded.headers.location ?? "")
  expect(login.origin + login.pathname).toBe(`${setting("ORY_URL")}/self-service/login/browser`)
  expect(Object.fromEntries(login.searchParams)).toEqual({ aal: "aal2", return_to: `${app}/dashboard?tab=1` })

  const fetched = await send(app, "/dashboard?tab=1", { headers: { rsc: "1", "sec-fetch-dest": "empty", cookie } })
  expect(fetched.status).toBe(303)
  const here = new URL(fetched.headers.location ?? "", app)
  expect(here.origin + here.pathname).toBe(`${app}/auth/login`)
  expect(here.searchParams.get("aal")).toBe("aal2")

  const api = await send(app, "/api/me", { headers: { cookie } })
  expect(api.status).toBe(403)
  expect(JSON.parse(api.body)).toMatchObject({ error: { code: "session_aal2_required" } })

  const out = await send(app, "/auth/sign-out", { method: "POST", headers: { origin: app, cookie } })
  expect(out.status).toBe(303)
  await page.goto(out.headers.location ?? "")
  await page.waitForURL(`${app}/`)
  expect((await page.context().cookies()).map(({ name }) => name)).not.toContain("ory_kratos_session")
})

test("a download on a page that was opened with the second factor asks for it again when it is due again", async ({
  browser,
  person,
}) => {
  const context = await browser.newContext({ baseURL: setting("APP_URL") })
  const [page, tab] = [await context.newPage(), await context.newPage()]
  await signUp(page, person)
  await enrolTotp(page)
  await page.goto("/account/data")
  await expect(page.getByRole("heading", { name: "Your data" })).toBeVisible()

  await tab.goto("/dashboard")
  await signOut(tab)
  await tab.goto("/dashboard")
  await signIn(tab, person)
  await expect(tab.getByRole("textbox", { name: /code/i })).toBeVisible()

  await page.getByRole("link", { name: "Download my data" }).click()
  await expect(page.getByRole("textbox", { name: /code/i })).toBeVisible()
  await context.close()
})

test("where Ory does not ask for the second factor, nor does the app", async ({ browser }) => {
  const servers = await startServers({
    kratos: { SESSION_WHOAMI_REQUIRED_AAL: "aal1", SELFSERVICE_FLOWS_SETTINGS_REQUIRED_AAL: "aal1" },
  })
  try {
    const person = await signedIn(servers.oryUrl, servers.ory.adminUrl)
    const context = await browser.newContext({ baseURL: servers.appUrl })
    await context.addCookies(browserCookies(person, servers.appUrl))
    const page = await context.newPage()
    const errors = watch(page)
    const totp = await enrolTotp(page)
    await page.getByRole("button", { name: "Sign out" }).click()
    await page.waitForURL(`${servers.appUrl}/`)
    await page.goto("/dashboard")
    await signIn(page, person)
    await page.waitForURL(`${servers.appUrl}/dashboard`)
    await expect(page.getByRole("main")).toContainText("aal1")

    // Asked for all the same, it is asked for.
    await page.goto("/api/refresh-session?aal=aal2&return_to=/account")
    await secondFactor(page, totp.generate())
    await page.waitForURL(`${servers.appUrl}/account`)
    expect(errors).toEqual([])
    await context.close()
  } finally {
    await servers.stop()
  }
})

async function enrolLookupSecrets(page: Page): Promise<string[]> {
  await page.goto("/account/settings")
  await page.getByRole("button", { name: "Enable" }).click()
  const confirm = page.getByRole("button", { name: "Confirm backup recovery codes" })
  await expect(confirm).toBeVisible()
  const codes = (await page.getByRole("main").innerText()).match(/^[a-z0-9]{8}$/gm) ?? []
  expect(codes).toHaveLength(12)
  await confirm.click()
  await expect(page.getByText("Your changes have been saved!").first()).toBeVisible()
  return codes
}
