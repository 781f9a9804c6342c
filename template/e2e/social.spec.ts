import { createServer, type Server } from "node:http"
import Provider from "oidc-provider"
import type { Page } from "playwright/test"
import { freePorts } from "../../e2e/ports"
import { socialSignIn } from "../../scripts/stack"
import { test as base, expect, expectSettingsSaved, expectSignedIn, signOut } from "../../e2e/fixtures"
import { browserCookies, createUser, kratosMajor, type SignedIn } from "../../e2e/http"
import { startServers, type Servers } from "../../e2e/servers"
import { texts } from "../../e2e/texts"

const test = base.extend<{ open: (user?: SignedIn) => Promise<Page> }>({
  open: async ({ openPage }, use) => {
    await use(async (user) => {
      const page = await openPage(servers.appUrl)
      // The provider's pages load a font from another host.
      await page.route("https://fonts.googleapis.com/**", (route) =>
        route.fulfill({ contentType: "text/css", body: "" }),
      )
      if (user) await page.context().addCookies(browserCookies(user, servers.appUrl))
      return page
    })
  },
})

test.describe.configure({ mode: "default" })

/** The login of an account at the provider that has no email address. */
const WITHOUT_ADDRESS = "nobody"

/** A real OpenID provider on loopback. It accepts any login, with any password. */
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
    claims: { openid: ["sub", "role", "metadata_public"], email: ["email", "email_verified"], profile: ["given_name"] },
    conformIdTokenClaims: false,
    findAccount: (_, id) => {
      const address = id === WITHOUT_ADDRESS ? {} : { email: id, email_verified: true }
      // A provider's claims must not set a role.
      const role = { role: "admin", metadata_public: { role: "admin" } }
      return { accountId: id, claims: () => ({ sub: id, ...address, ...role, given_name: "Ada" }) }
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

/** Signs in at the provider and gives consent. */
async function signInAtProvider(page: Page, email: string): Promise<void> {
  await page.getByPlaceholder("Enter any login").fill(email)
  await page.getByPlaceholder("and password").fill("any")
  await page.getByRole("button", { name: "Sign-in" }).click()
  await page.getByRole("button", { name: "Continue" }).click()
}

test("a user signs up and signs in with an OpenID provider", async ({ open, newAccount }) => {
  const page = await open()
  await page.goto("/auth/registration?return_to=/dashboard")
  await page.getByRole("button", { name: /localhost/ }).click()
  await signInAtProvider(page, newAccount.email)
  await page.waitForURL("**/dashboard")
  await expect(page.getByRole("heading", { name: texts.dashboard.greeting("Ada") })).toBeVisible()
  const me = (await (await page.request.get("/api/me")).json()) as { identity: { role?: string } }
  expect(me.identity.role).toBeUndefined()
  await expect(page.getByRole("main")).toContainText(texts.dashboard.socialSignIn)

  await signOut(page)
  await page.goto("/dashboard?tab=1")
  await page.getByRole("button", { name: /localhost/ }).click()
  await page.waitForURL("**/dashboard?tab=1")
  await expectSignedIn(page, newAccount)
})

test("a user links a provider in settings, signs in with it, and unlinks it", async ({ open }) => {
  const user = await createUser(servers)
  const page = await open(user)
  const section = page.getByTestId("ory/screen/settings/group/oidc")
  await page.goto("/account/settings")
  await section.getByRole("button").first().click()
  await signInAtProvider(page, user.email)
  await page.waitForURL("**/account/settings**")
  await expect(page.getByRole("status").filter({ hasText: "Your changes have been saved!" })).toBeVisible()

  await signOut(page)
  await page.goto("/dashboard")
  await page.getByRole("button", { name: /localhost/ }).click()
  await page.waitForURL("**/dashboard")
  await expect(page.getByRole("main")).toContainText(texts.dashboard.socialSignIn)

  await page.goto("/account/settings")
  await section.getByRole("button", { name: "Unlink" }).click()
  await page.getByRole("dialog").getByRole("button", { name: "Unlink" }).click()
  await expectSettingsSaved(page)
  const identity = await fetch(`${servers.ory.adminUrl}/admin/identities/${user.identityId}?include_credential=oidc`)
  const { credentials } = (await identity.json()) as {
    credentials: Record<string, { identifiers?: string[] } | undefined>
  }
  expect(credentials.oidc?.identifiers ?? []).toEqual([])
})

test("a social sign-in with the address of an existing account asks for its password and links the two", async ({
  open,
}) => {
  const user = await createUser(servers)
  const page = await open()
  await page.goto("/dashboard?tab=1")
  await page.getByRole("button", { name: /localhost/ }).click()
  await signInAtProvider(page, user.email)
  await expect(page.getByText("that email is already used by another account")).toBeVisible()
  await page.getByRole("button", { name: /^Password/ }).click()
  await page.getByRole("textbox", { name: "Password" }).fill(user.password)
  await page.getByRole("button", { name: "Sign in with password" }).click()
  await page.waitForURL("**/dashboard?tab=1")

  await signOut(page)
  await page.goto("/dashboard")
  await page.getByRole("button", { name: /localhost/ }).click()
  await page.waitForURL("**/dashboard")
  await expectSignedIn(page, user)
})

test("a social sign-up without an email address asks for it", async ({ open, newAccount }) => {
  const page = await open()
  await page.goto("/auth/registration?return_to=/dashboard")
  await page.getByRole("button", { name: /localhost/ }).click()
  await signInAtProvider(page, WITHOUT_ADDRESS)
  await page.locator('input[name="traits.email"]').fill(newAccount.email)
  // Kratos 1.3 puts the field into the form of the provider, whose button has no name in Elements. Since 26.2 there is another button.
  const submit =
    (await kratosMajor(servers.ory.adminUrl)) === 1
      ? page.getByRole("button").last()
      : page.getByRole("button", { name: "Continue" })
  await submit.click()
  await page.waitForURL("**/auth/verification**")
})
