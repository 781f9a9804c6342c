import { codeFor, confirm, expect, signIn, signUp, test } from "./fixtures"
import { setting } from "./settings"

test("someone signs up, confirms their address, signs out, and comes back to the page they asked for", async ({
  page,
  person,
}) => {
  await signUp(page, person)
  await expect(page.getByRole("main")).toContainText(person.email)

  await page.getByRole("button", { name: "Sign out" }).click()
  await page.waitForURL(`${setting("APP_URL")}/`)
  await expect(page.getByRole("heading", { level: 1 })).toContainText("Sign-in")

  await page.goto("/dashboard?tab=a%20b&tab=c")
  await signIn(page, person)
  // Ory writes the space in its own way.
  await page.waitForURL(`${setting("APP_URL")}/dashboard?tab=a+b&tab=c`)
  await expect(page.getByRole("main")).toContainText(person.email)
})

test("who forgot the password gets in with a code from the mail, and sets a new one", async ({ page, person }) => {
  await signUp(page, person)
  await page.getByRole("button", { name: "Sign out" }).click()
  await page.waitForURL(`${setting("APP_URL")}/`)

  await page.goto("/auth/login")
  await page.getByRole("link", { name: "Recover account" }).click()
  await page.getByRole("textbox", { name: "Email" }).fill(person.email)
  const before = await codeFor(person.email)
  await page.getByRole("button", { name: "Continue" }).click()
  await page.getByLabel(/code/i).fill(await codeFor(person.email, before))
  await page.getByRole("button", { name: "Continue", exact: true }).click()

  await page.waitForURL("**/account/settings**")
  const renewed = { ...person, password: `${person.password} and new` }
  await changePassword(page, renewed.password)
  await page.waitForURL("**/dashboard")

  await page.getByRole("button", { name: "Sign out" }).click()
  await page.waitForURL(`${setting("APP_URL")}/`)
  await page.goto("/dashboard")
  await signIn(page, renewed)
  await page.waitForURL("**/dashboard")
})

test("a password that was changed in settings is the one that works", async ({ page, person }) => {
  await signUp(page, person)
  await page.getByRole("link", { name: "Settings" }).click()
  await page.waitForURL("**/account/settings?flow=**")
  const renewed = { ...person, password: `${person.password} and new` }
  await changePassword(page, renewed.password)
  await expect(page.getByText("Your changes have been saved!").first()).toBeVisible()

  await page.getByRole("button", { name: "Sign out" }).click()
  await page.waitForURL(`${setting("APP_URL")}/`)
  await page.goto("/dashboard")
  await signIn(page, person)
  await expect(page.getByText(/credentials are invalid/)).toBeVisible()
  await page.getByRole("textbox", { name: "Password" }).fill(renewed.password)
  await page.getByRole("button", { name: "Sign in with password" }).click()
  await page.waitForURL("**/dashboard")
})

test("refreshing renews the session: later times, the same session", async ({ page, person }) => {
  await signUp(page, person)
  const before = await me(page)

  await page.getByRole("link", { name: "Refresh session" }).click()
  await confirm(page, person)
  await page.waitForURL("**/dashboard")

  const after = await me(page)
  expect(after.id).toBe(before.id)
  expect(Date.parse(after.authenticated_at)).toBeGreaterThan(Date.parse(before.authenticated_at))
  expect(Date.parse(after.expires_at)).toBeGreaterThan(Date.parse(before.expires_at))
})

test("refresh-session asks Ory for a refresh, and returns only to this app", async ({ request }) => {
  const ask = async (query: string): Promise<URL> => {
    const response = await request.get(`/api/refresh-session${query}`, { maxRedirects: 0 })
    expect(response.status()).toBe(303)
    return new URL(response.headers().location ?? "")
  }
  const plain = await ask("?return_to=/dashboard%3Ftab%3D1")
  expect(plain.origin + plain.pathname).toBe(`${setting("ORY_URL")}/self-service/login/browser`)
  expect(plain.searchParams.get("refresh")).toBe("true")
  expect(plain.searchParams.get("return_to")).toBe(`${setting("APP_URL")}/dashboard?tab=1`)
  const hostile = await ask("?return_to=https://evil.example/&aal=aal2")
  expect(hostile.searchParams.get("return_to")).toBe(`${setting("APP_URL")}/dashboard`)
  // Who has no session owes the first factor first.
  expect(hostile.searchParams.get("aal")).toBeNull()
})

test("an API client without a session gets 401 as JSON", async ({ request }) => {
  const response = await request.get("/api/me")
  expect(response.status()).toBe(401)
  expect(response.headers()["content-type"]).toContain("application/json")
  expect(await response.json()).toMatchObject({ error: { code: "unauthenticated" } })
})

test("a browser that keeps no cookies is told so, instead of going round in circles", async ({
  request,
  playwright,
}) => {
  const begin = await request.get(`${setting("ORY_URL")}/self-service/login/browser`, { maxRedirects: 0 })
  const forgetful = await playwright.request.newContext()
  const response = await forgetful.get(begin.headers().location ?? "", { maxRedirects: 0 })
  expect(response.status()).toBe(200)
  expect(await response.text()).toContain("Your browser did not keep the cookies")
  await forgetful.dispose()
})

type Page = Parameters<typeof signUp>[0]

async function changePassword(page: Page, password: string): Promise<void> {
  const form = page.locator("form", { has: page.getByRole("textbox", { name: "Password" }) })
  await form.getByRole("textbox", { name: "Password" }).fill(password)
  await form.getByRole("button", { name: "Save" }).click()
}

async function me(page: Page): Promise<{ id: string; authenticated_at: string; expires_at: string }> {
  const response = await page.request.get("/api/me")
  expect(response.status()).toBe(200)
  return (await response.json()) as { id: string; authenticated_at: string; expires_at: string }
}
