import { expect, test, type OpenOptions } from "./fixtures"
import { createUser } from "./http"
import { setting } from "./settings"
import { texts } from "./texts"

/**
 * A page can't set a status once it has begun, so the gate decides. In a browser without JavaScript, nothing else could redirect.
 * Such a browser reports the scripts, and the styles for browsers without scripts, as blocked by the policy.
 */
const withoutScripts: OpenOptions = {
  javaScriptEnabled: false,
  expectedErrors: /^404 |^503 |^csp .*\/_next\/static\/|^console: Applying inline style/,
}

test("an unknown path responds with 404 to a signed-in user, and redirects a visitor to sign-in", async ({
  openAs,
  openPage,
  user,
}) => {
  const page = await openAs(user, undefined, withoutScripts)
  for (const path of ["/unknown", "/account/unknown", "/dashboard/unknown"]) {
    expect([path, (await page.goto(path))?.status()]).toEqual([path, 404])
    await expect(page.getByRole("heading", { name: texts.notFound })).toBeVisible()
  }
  const visitor = await openPage(undefined, withoutScripts)
  expect((await visitor.goto("/unknown"))?.status()).toBe(200)
  expect(new URL(visitor.url()).pathname).toBe("/auth/login")
})

test("while Ory is down, a protected page responds with 503 and says so", async ({ openAs, ownServers }) => {
  const servers = await ownServers()
  const page = await openAs(await createUser(servers), servers.appUrl, withoutScripts)
  await servers.ory.stopKratos()
  for (const path of ["/account", "/unknown"]) {
    expect([path, (await page.goto(path))?.status()]).toEqual([path, 503])
    await expect(page.getByRole("heading", { name: texts.outage })).toBeVisible()
  }
})

test("a page that needs a second factor redirects to where the user sets one up", async ({ openAs, user }) => {
  const page = await openAs(user, undefined, withoutScripts)
  const redirects: string[] = []
  page.on("response", (response) => response.status() >= 300 && redirects.push(new URL(response.url()).pathname))
  await page.goto("/account/data")
  expect(redirects.slice(0, 2)).toEqual(["/account/data", "/self-service/login/browser"])
})

test("each flow page without a flow gets one before it begins", async ({ openPage, openAs, user }) => {
  const visitor = await openPage(undefined, withoutScripts)
  for (const path of ["/auth/login", "/auth/registration", "/auth/recovery", "/auth/verification"]) {
    expect((await visitor.goto(path))?.status()).toBe(200)
    await expect(visitor.locator("noscript p")).toBeVisible()
  }
  const page = await openAs(user, undefined, withoutScripts)
  expect((await page.goto("/account/settings"))?.status()).toBe(200)
  expect(page.url()).toContain(`${setting("APP_URL")}/account/settings?flow=`)
})
