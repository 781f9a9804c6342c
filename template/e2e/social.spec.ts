import { createServer, type Server } from "node:http"
import Provider from "oidc-provider"
import type { Browser, Page } from "playwright/test"
import { freePorts } from "../../scripts/processes"
import { socialSignIn } from "../../scripts/stack"
import { expect, signOut, test, watch } from "../../e2e/fixtures"
import { browserCookies, kratosMajor, signedIn } from "../../e2e/http"
import { startServers, type Servers } from "../../e2e/servers"

test.describe.configure({ mode: "default" })

/** The account at the provider that has no address. */
const WITHOUT_ADDRESS = "nobody"

/** A real OpenID provider on loopback, at which everybody is who they say. */
let servers: Servers
let provider: Server
test.beforeAll(async () => {
  const [port] = await freePorts()
  const issuer = `http://localhost:${port}`
  const client = { clientId: "starter", clientSecret: "only for tests" }
  servers = await startServers({ kratos: socialSignIn({ issuer, ...client }) })
  const openId = new Provider(issuer, {
    clients: [
      {
        client_id: client.clientId,
        client_secret: client.clientSecret,
        redirect_uris: [`${servers.oryUrl}/self-service/methods/oidc/callback/social`],
      },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["given_name"] },
    conformIdTokenClaims: false,
    findAccount: (_, id) => {
      const address = id === WITHOUT_ADDRESS ? {} : { email: id, email_verified: true }
      return { accountId: id, claims: () => ({ sub: id, ...address, given_name: "Ada" }) }
    },
    cookies: { keys: ["only for tests"] },
  })
  provider = createServer((incoming, outgoing) => void openId.callback()(incoming, outgoing))
  await new Promise<void>((done) => provider.listen(port, "localhost", done))
})
test.afterAll(async () => {
  provider.closeAllConnections()
  provider.close()
  await servers.stop()
})

async function open(browser: Browser): Promise<{ page: Page; errors: string[] }> {
  const context = await browser.newContext({ baseURL: servers.appUrl })
  // The provider's own pages ask for a font from elsewhere.
  await context.route("https://fonts.googleapis.com/**", (route) =>
    route.fulfill({ contentType: "text/css", body: "" }),
  )
  const page = await context.newPage()
  return { page, errors: watch(page) }
}

/** Says at the provider who one is, and agrees. */
async function atProvider(page: Page, email: string): Promise<void> {
  await page.getByPlaceholder("Enter any login").fill(email)
  await page.getByPlaceholder("and password").fill("any")
  await page.getByRole("button", { name: "Sign-in" }).click()
  await page.getByRole("button", { name: "Continue" }).click()
}

test("someone signs up at an OpenID provider, and signs in there", async ({ browser, person }) => {
  const { page, errors } = await open(browser)
  await page.goto("/auth/registration?return_to=/dashboard")
  await page.getByRole("button", { name: /localhost/ }).click()
  await atProvider(page, person.email)
  await page.waitForURL("**/dashboard")
  await expect(page.getByRole("heading", { name: "Hello, Ada" })).toBeVisible()
  await expect(page.getByRole("main")).toContainText("Social sign-in")

  await signOut(page)
  await page.goto("/dashboard?tab=1")
  await page.getByRole("button", { name: /localhost/ }).click()
  await page.waitForURL("**/dashboard?tab=1")
  await expect(page.getByRole("main")).toContainText(person.email)
  expect(errors).toEqual([])
})

test("an account is linked with a provider in settings, is signed in to there, and unlinked", async ({ browser }) => {
  const person = await signedIn(servers.oryUrl, servers.ory.adminUrl)
  const { page, errors } = await open(browser)
  await page.context().addCookies(browserCookies(person, servers.appUrl))
  const section = page.getByTestId("ory/screen/settings/group/oidc")
  await page.goto("/account/settings")
  await section.getByRole("button").first().click()
  await atProvider(page, person.email)
  await page.waitForURL("**/account/settings**")
  await expect(page.getByRole("status").filter({ hasText: "Your changes have been saved!" })).toBeVisible()

  await signOut(page)
  await page.goto("/dashboard")
  await page.getByRole("button", { name: /localhost/ }).click()
  await page.waitForURL("**/dashboard")
  await expect(page.getByRole("main")).toContainText("Social sign-in")

  await page.goto("/account/settings")
  await section.getByRole("button").first().click()
  await expect(page.getByText("Your changes have been saved!").first()).toBeVisible()
  const identity = await fetch(`${servers.ory.adminUrl}/admin/identities/${person.identityId}?include_credential=oidc`)
  const { credentials } = (await identity.json()) as {
    credentials: Record<string, { identifiers?: string[] } | undefined>
  }
  expect(credentials.oidc?.identifiers ?? []).toEqual([])
  expect(errors).toEqual([])
})

test("a social sign-in with the address of an account asks for that account's password, and links the two", async ({
  browser,
}) => {
  const person = await signedIn(servers.oryUrl, servers.ory.adminUrl)
  const { page, errors } = await open(browser)
  await page.goto("/dashboard?tab=1")
  await page.getByRole("button", { name: /localhost/ }).click()
  await atProvider(page, person.email)
  await expect(page.getByText("that email is already used by another account")).toBeVisible()
  await page.getByRole("button", { name: /^Password/ }).click()
  await page.getByRole("textbox", { name: "Password" }).fill(person.password)
  await page.getByRole("button", { name: "Sign in with password" }).click()
  await page.waitForURL("**/dashboard?tab=1")

  await signOut(page)
  await page.goto("/dashboard")
  await page.getByRole("button", { name: /localhost/ }).click()
  await page.waitForURL("**/dashboard")
  await expect(page.getByRole("main")).toContainText(person.email)
  expect(errors).toEqual([])
})

test("a provider that names no address: sign-up asks for it, with a button of its own since Kratos 26.2", async ({
  browser,
  person,
}) => {
  const { page, errors } = await open(browser)
  await page.goto("/auth/registration?return_to=/dashboard")
  await page.getByRole("button", { name: /localhost/ }).click()
  await atProvider(page, WITHOUT_ADDRESS)
  await page.getByRole("textbox", { name: "Email" }).fill(person.email)
  // On 1.3 the fields belong to the provider, and its button, which Elements gives no name here, sends them.
  const send =
    (await kratosMajor(servers.ory.adminUrl)) === 1
      ? page.getByRole("button").last()
      : page.getByRole("button", { name: "Continue" })
  await send.click()
  await page.waitForURL("**/auth/verification**")
  expect(errors).toEqual([])
})
