import { enrolTotp, enterSecondFactor, sessionOf, signIn, signOut, signUp, expect, test } from "../../e2e/fixtures"
import { createUser } from "../../e2e/http"

test("Ory accepts an authenticator code again until it expires", async ({ page, newAccount }) => {
  await signUp(page, newAccount)
  const totp = await enrolTotp(page)
  const code = totp.generate()
  for (const attempt of ["first", "second"]) {
    await signOut(page)
    await page.goto(`/dashboard?${attempt}`)
    await signIn(page, newAccount)
    await enterSecondFactor(page, code)
    await page.waitForURL((url) => url.pathname === "/dashboard")
  }
})

test("the app requires no second factor when Ory does not, and still accepts one", async ({ openAs, ownServers }) => {
  const servers = await ownServers({
    kratos: { SESSION_WHOAMI_REQUIRED_AAL: "aal1", SELFSERVICE_FLOWS_SETTINGS_REQUIRED_AAL: "aal1" },
  })
  const user = await createUser(servers)
  const page = await openAs(user, servers.appUrl)
  const totp = await enrolTotp(page)
  await signOut(page)
  await page.goto("/dashboard")
  await signIn(page, user)
  await page.waitForURL(`${servers.appUrl}/dashboard`)
  expect((await sessionOf(page)).authenticator_assurance_level).toBe("aal1")

  await page.goto("/api/refresh-session?aal=aal2&return_to=/account")
  await enterSecondFactor(page, totp.generate())
  await page.waitForURL(`${servers.appUrl}/account`)
})
