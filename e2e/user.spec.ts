import { expect, expectSignedIn, sessionOf, settle, signIn, signOut, test } from "./fixtures"
import { createUser, revokeSession } from "./http"
import { texts } from "./texts"

/** `useUser()`: who is signed in, for client components. */

const link = { signIn: { name: texts.nav.signIn }, dashboard: { name: texts.nav.dashboard, exact: true } }

test("the prerendered landing page shows a visitor a link to sign in", async ({ page, request }) => {
  const response = await request.get("/api/user")
  expect([response.status(), await response.json(), response.headers()["cache-control"]]).toEqual([
    200,
    null,
    "private, no-store",
  ])
  await page.goto("/")
  await settle(page)
  await expect(page.getByRole("link", link.signIn)).toBeVisible()
})

test("the prerendered landing page shows a signed-in user a link to the dashboard", async ({ signedInPage, user }) => {
  const response = await signedInPage.request.get("/api/user")
  const { id, ...known } = (await response.json()) as { id: string }
  expect(known).toEqual({ email: user.email, verified: true })
  const html = await (await signedInPage.request.get("/")).text()
  expect(html).not.toContain(id)

  await signedInPage.goto("/")
  await expect(signedInPage.getByRole("link", link.dashboard)).toBeVisible()
  await expect(signedInPage.getByRole("link", link.signIn)).toBeHidden()
})

test("the other tabs notice a sign-out and a sign-in at once", async ({ signedInPage: page, user }) => {
  const [landing, dashboard] = [await page.context().newPage(), await page.context().newPage()]
  await landing.goto("/")
  await dashboard.goto("/dashboard")
  await expect(landing.getByRole("link", link.dashboard)).toBeVisible()
  await page.goto("/dashboard")
  await signOut(page)
  await expect(dashboard.getByRole("link", link.signIn)).toBeVisible()
  await expect(landing.getByRole("link", link.signIn)).toBeVisible()

  await page.goto("/dashboard")
  await signIn(page, user)
  await expectSignedIn(page, user)
  await expect(landing.getByRole("link", link.dashboard)).toBeVisible()
  await expectSignedIn(dashboard, user)
})

test("a page of a user reloads when another user has signed in in another tab", async ({
  signedInPage: page,
  user,
}) => {
  const account = await page.context().newPage()
  await account.goto("/account")
  await account.getByRole("textbox", { name: texts.account.firstName }).fill("Ada")
  await page.goto("/dashboard")
  await signOut(page)
  const other = await createUser()
  await page.goto("/dashboard")
  await signIn(page, other)
  await expectSignedIn(page, other)
  await expectSignedIn(account, other)
  // The text belonged to the page of the first user.
  await expect(account.getByRole("textbox", { name: texts.account.firstName })).toHaveValue("")
  expect(user.email).not.toBe(other.email)
})

test("a signed-out user is shown when the window gets the focus after a revocation, with at most one check in 30 seconds", async ({
  signedInPage: page,
  user,
}) => {
  await page.clock.install()
  await page.goto("/dashboard")
  await expectSignedIn(page, user)
  await revokeSession((await sessionOf(page)).id)
  const focus = (): Promise<unknown> => page.evaluate(() => dispatchEvent(new Event("focus")))
  await focus()
  await settle(page)
  await expectSignedIn(page, user)
  await page.clock.fastForward(31_000)
  await focus()
  await expect(page.getByRole("link", link.signIn)).toBeVisible()
})
