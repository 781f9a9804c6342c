import { expect, expectSignedIn, settle, signIn, test } from "./fixtures"
import { createUser, PAGE_LOAD, send, type SignedIn } from "./http"
import { freePorts } from "./ports"
import { Relay } from "./relay"
import { startServers, type Servers } from "./servers"
import { texts } from "./texts"

/** A user deletes their account, with a relay between the app and Ory's admin API. */

test.describe.configure({ mode: "default" })

let servers: Servers
let admin: Relay
test.beforeAll(async () => {
  const [port] = await freePorts()
  servers = await startServers({ app: { ORY_ADMIN_URL: `http://localhost:${port}`, SESSION_CACHE_SECONDS: "5" } })
  admin = new Relay(port, Number(new URL(servers.ory.adminUrl).port))
  await admin.start()
})
test.afterAll(async () => {
  await servers.stop()
  await admin.stop()
})
test.beforeEach(() => {
  admin.fault = "none"
  admin.seen.length = 0
})

const status = async ({ identityId }: SignedIn): Promise<number> =>
  (await fetch(`${servers.ory.adminUrl}/admin/identities/${identityId}`)).status

/** Submits the form without a browser. Returns where the browser would go. */
async function submit(user: SignedIn, form: Record<string, string>, origin = servers.appUrl): Promise<string> {
  const { status, headers } = await send(servers.appUrl, "/auth/delete-account", {
    method: "POST",
    headers: { ...PAGE_LOAD, cookie: user.cookie, origin, "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(form).toString(),
  })
  return status === 303 ? String(headers.location).replace(servers.appUrl, "") : String(status)
}

test("a user deletes the account, after typing the address", async ({ openAs }) => {
  const user = await createUser(servers)
  const page = await openAs(user, servers.appUrl)
  await page.goto("/account")
  await page.getByRole("link", { name: texts.deleteAccount.open }).click()
  await page.waitForURL("**/account/delete")
  const [field, button] = [
    page.getByRole("textbox"),
    page.getByRole("button", { name: texts.deleteAccount.form.delete }),
  ]
  await field.fill("someone@example.com")
  await button.click()
  await expect(page.getByText(texts.deleteAccount.problems.address)).toBeVisible()
  expect(await status(user)).toBe(200)

  await field.fill(user.email)
  await button.dblclick()
  await expect(page.getByRole("heading", { name: texts.accountDeleted })).toBeVisible()
  expect(await status(user)).toBe(404)
  expect(admin.seen.filter((line) => line.startsWith("DELETE"))).toHaveLength(1)
  const names = (await page.context().cookies()).map(({ name }) => name)
  expect(names.filter((name) => /session|csrf/.test(name))).toEqual([])
  await page.goto("/dashboard")
  await signIn(page, user)
  await expect(page.getByText(/credentials are invalid/)).toBeVisible()
})

test("the user's other devices can change nothing at once, and read nothing after the snapshot", async ({ openAs }) => {
  const user = await createUser(servers)
  const device = await openAs(user, servers.appUrl)
  await device.goto("/dashboard")
  await expectSignedIn(device, user)
  await device.goto("/account")
  expect(await submit(user, { address: user.email })).toBe("/auth/account-deleted")
  await device.getByRole("button", { name: texts.account.save }).click()
  await expect(device.getByText(texts.denied.signedOut)).toBeVisible()
  await device.waitForTimeout(5500)
  await device.goto("/dashboard")
  await device.waitForURL("**/auth/login**")
  // Another tab of the form.
  expect(await submit(user, { address: user.email })).toBe("/account/delete")
})

test("the account stays while the admin API fails, and the same form finishes the work", async ({ openAs }) => {
  const user = await createUser(servers)
  for (const fault of ["500", "401", "html", "redirect", "hang"] as const)
    for (const method of ["GET", "DELETE"])
      await test.step(`the admin API responds to ${method} with the fault "${fault}"`, async () => {
        admin.fault = fault
        admin.faultyRequests = new RegExp(`^${method} `)
        expect(await submit(user, { address: user.email })).toBe("/account/delete?problem=failed")
        expect(await status(user)).toBe(200)
      })
  await test.step("the admin API is down before the first step", async () => {
    admin.fault = "none"
    admin.seen.length = 0
    await admin.stop()
    expect(await submit(user, { address: user.email })).toBe("/account/delete?problem=failed")
    await admin.start()
  })
  const page = await openAs(user, servers.appUrl)
  await page.goto("/account/delete?problem=failed")
  await expectSignedIn(page, user)
  await expect(page.getByText(texts.deleteAccount.problems.failed)).toBeVisible()
  await page.getByRole("textbox").fill(user.email)
  await page.getByRole("button", { name: texts.deleteAccount.form.delete }).click()
  await expect(page.getByRole("heading", { name: texts.accountDeleted })).toBeVisible()
  expect(await status(user)).toBe(404)
})

test("a deletion needs the address, this app's own form and a recent sign-in", async ({ openAs }) => {
  const user = await createUser(servers)
  expect(await submit(user, {})).toBe("/account/delete?problem=address")
  expect(await submit(user, { address: `${user.email}x` })).toBe("/account/delete?problem=address")
  expect(await submit(user, { address: user.email }, "https://evil.example")).toBe("403")
  expect(await submit({ ...user, cookie: "" }, { address: user.email })).toBe("/account/delete")
  const get = await send(servers.appUrl, "/auth/delete-account", { headers: { ...PAGE_LOAD, cookie: user.cookie } })
  expect(get.status).toBe(405)

  servers.relay.agedBefore = Date.now()
  expect(await submit(user, { address: user.email })).toBe("/account/delete")
  const page = await openAs(user, servers.appUrl)
  await page.goto("/account/delete")
  await page.waitForURL("**/auth/login**")
  servers.relay.agedBefore = 0
  expect(await status(user)).toBe(200)
  expect(admin.seen).toEqual([])
})

test("a problem in the address shows only the app's own texts", async ({ openAs }) => {
  const page = await openAs(await createUser(servers), servers.appUrl)
  for (const problem of ["<b>Mallory", "constructor", "toString", "address&problem=failed"]) {
    await page.goto(`/account/delete?problem=${problem}`)
    await expect(page.getByRole("heading", { name: texts.deleteAccount.title })).toBeVisible()
    await expect(page.locator("#problem")).toBeEmpty()
  }
})

test("without ORY_ADMIN_URL, there is no way to delete an account", async ({ signedInPage: page, user }) => {
  await page.goto("/account")
  await settle(page)
  await expect(page.getByRole("link", { name: texts.deleteAccount.open })).toBeHidden()
  const response = await page.request.post("/auth/delete-account", {
    form: { address: user.email },
    headers: { origin: new URL(page.url()).origin },
  })
  expect(response.status()).toBe(404)
})
