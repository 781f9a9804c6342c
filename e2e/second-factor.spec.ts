import {
  enrolTotp,
  enterSecondFactor,
  expect,
  sessionOf,
  signIn,
  signInWithoutSecondFactor,
  signOut,
  signUp,
  test,
} from "./fixtures"
import { PAGE_LOAD, send } from "./http"
import { setting } from "./settings"
import { texts } from "./texts"

test("a user with an authenticator app enters a code and arrives at the requested page", async ({
  page,
  newAccount,
}) => {
  await signUp(page, newAccount)
  const totp = await enrolTotp(page)
  await signOut(page)

  const flowStarts: string[] = []
  page.on(
    "request",
    (request) => request.url().includes("/self-service/login/browser") && flowStarts.push(request.url()),
  )
  await page.goto("/dashboard?tab=1")
  await signIn(page, newAccount)
  await test.step("a wrong code gets Ory's message", async () => {
    await enterSecondFactor(page, "000000")
    await expect(page.getByText(texts.ory.wrongAuthenticatorCode).first()).toBeVisible()
  })
  await enterSecondFactor(page, totp.generate())
  await page.waitForURL(`${setting("APP_URL")}/dashboard?tab=1`)
  expect((await sessionOf(page)).authenticator_assurance_level).toBe("aal2")
  // One flow for the password and one for the code. More would mean a redirect loop.
  expect(flowStarts).toHaveLength(2)
})

test("while the second factor is missing, every kind of request is refused and signing out works", async ({
  page,
  newAccount,
}) => {
  const cookie = await signInWithoutSecondFactor(page, newAccount)
  const app = setting("APP_URL")

  await test.step("a page load is redirected to Ory", async () => {
    const { status, headers } = await send(app, "/dashboard?tab=1", { headers: { ...PAGE_LOAD, cookie } })
    expect(status).toBe(303)
    const login = new URL(headers.location ?? "")
    expect(login.origin + login.pathname).toBe(`${setting("ORY_URL")}/self-service/login/browser`)
    expect(Object.fromEntries(login.searchParams)).toEqual({ aal: "aal2", return_to: `${app}/dashboard?tab=1` })
  })

  await test.step("a router request is redirected to the login page of this app", async () => {
    const options = { headers: { rsc: "1", "sec-fetch-dest": "empty", cookie } }
    const { status, headers } = await send(app, "/dashboard?tab=1", options)
    expect(status).toBe(303)
    const login = new URL(headers.location ?? "", app)
    expect(login.origin + login.pathname).toBe(`${app}/auth/login`)
    expect(login.searchParams.get("aal")).toBe("aal2")
  })

  await test.step("an API request gets 403", async () => {
    const { status, body } = await send(app, "/api/me", { headers: { cookie } })
    expect(status).toBe(403)
    expect(JSON.parse(body)).toMatchObject({ error: { code: "session_aal2_required" } })
  })

  await test.step("the user can sign out", async () => {
    const options = { method: "POST", headers: { origin: app, cookie } }
    const { status, headers } = await send(app, "/auth/sign-out", options)
    expect(status).toBe(303)
    await page.goto(headers.location ?? "")
    await page.waitForURL(`${app}/`)
    expect((await page.context().cookies()).map(({ name }) => name)).not.toContain("ory_kratos_session")
  })
})
