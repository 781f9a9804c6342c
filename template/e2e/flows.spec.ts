import { requiredTraits } from "../../ory/required-traits"
import { codeFor, expect, signUp, test } from "../../e2e/fixtures"
import { createUser, randomAccount } from "../../e2e/http"
import { freePorts } from "../../e2e/ports"
import { startApp } from "../../e2e/servers"
import { setting } from "../../e2e/settings"
import { texts } from "../../e2e/texts"

/** Flows that this browser can't use, or no longer, and the session after a change in the settings. */

/** The path of the page that shows a flow of this kind. */
const pageOf = (kind: string): string => (kind === "settings" ? "/account/settings" : `/auth/${kind}`)

for (const kind of ["login", "registration", "recovery", "verification"])
  test(`starts a new ${kind} flow when the flow belongs to another browser or does not exist`, async ({ openPage }) => {
    // This browser starts a flow first, so that it has Ory's CSRF cookie.
    const [page, otherBrowser] = [await openPage(), await openPage()]
    for (const browser of [otherBrowser, page]) {
      await browser.goto(pageOf(kind))
      await browser.waitForURL("**?flow=*")
    }
    const ownFlow = page.url()
    const otherFlow = new URL(otherBrowser.url()).searchParams.get("flow") ?? ""
    expect(otherFlow).not.toBe("")
    for (const id of [otherFlow, "8a1c9a1e-5c3e-4a7e-9b1e-000000000000", "made-up", "%00"]) {
      await page.goto(`${pageOf(kind)}?flow=${id}`)
      await expect(page.getByRole("textbox").first()).toBeVisible()
      expect(page.url()).toContain(`${pageOf(kind)}?flow=`)
      expect(page.url()).not.toBe(ownFlow)
      expect(page.url()).not.toContain(id)
    }
  })

for (const kind of ["login", "registration", "recovery", "verification", "settings"])
  test(`starts a new ${kind} flow instead of one of type api, which an attacker can create and fill in`, async ({
    openPage,
    openAs,
    user,
  }) => {
    const ory = setting("ORY_URL")
    const headers: Record<string, string> = { accept: "application/json", "content-type": "application/json" }
    const startApiFlow = async (name: string): Promise<string> =>
      ((await (await fetch(`${ory}/self-service/${name}/api`, { headers })).json()) as { id: string }).id
    const submit = (name: string, id: string, body: object): Promise<Response> =>
      fetch(`${ory}/self-service/${name}?flow=${id}`, { method: "POST", headers, body: JSON.stringify(body) })

    if (kind === "settings") {
      const login = { method: "password", identifier: user.email, password: user.password }
      const response = await submit("login", await startApiFlow("login"), login)
      headers["x-session-token"] = ((await response.json()) as { session_token: string }).session_token
    }
    const id = await startApiFlow(kind)
    const email = "prefilled@attacker.example"
    const traits = { ...requiredTraits, email, name: { first: "Prefilled" } }
    const bodies: Record<string, object> = {
      login: { method: "password", identifier: email, password: "wrong" },
      registration: { method: "password", traits, password: "1" },
      settings: { method: "profile", traits: { ...traits, email: "no address" } },
    }
    await submit(kind, id, bodies[kind] ?? { method: "code", email })

    const page = kind === "settings" ? await openAs(user) : await openPage()
    await page.goto(`${pageOf(kind)}?flow=${id}`)
    await expect(page.getByRole("textbox").first()).toBeVisible()
    expect(page.url()).toMatch(new RegExp(`${pageOf(kind)}\\?flow=(?!${id})`))
    expect(await page.content()).not.toMatch(/prefilled|no address/i)
  })

test("starts a new flow when a flow has expired, and keeps return_to", async ({ openPage, openAs, ownServers }) => {
  test.setTimeout(120_000)
  const kinds = ["login", "registration", "recovery", "verification", "settings"]
  const servers = await ownServers({
    kratos: Object.fromEntries(kinds.map((kind) => [`SELFSERVICE_FLOWS_${kind.toUpperCase()}_LIFESPAN`, "1s"])),
  })
  for (const kind of kinds)
    await test.step(kind, async () => {
      const page =
        kind === "settings" ? await openAs(await createUser(servers), servers.appUrl) : await openPage(servers.appUrl)
      const path = pageOf(kind)
      let flowStart = ""
      page.on(
        "request",
        (request) => request.url().includes(`/self-service/${kind}/browser`) && (flowStart = request.url()),
      )
      await page.goto(`${path}?return_to=/account%3Ftab%3D1`)
      await page.waitForURL(/[?&]flow=/)
      const expired = page.url()
      await page.waitForTimeout(1500)
      await page.goto(expired)
      await page.waitForURL((url) => url.href.includes(`${path}?flow=`) && url.href !== expired)
      if (kind === "login" || kind === "registration")
        expect(new URL(flowStart).searchParams.get("return_to")).toBe(`${servers.appUrl}/account?tab=1`)
    })
})

for (const seconds of ["0", "30"])
  test(`shows a change from the settings page on the next page when SESSION_CACHE_SECONDS is ${seconds}`, async ({
    afterTest,
    newAccount,
    openPage,
  }) => {
    const [port] = await freePorts()
    // Cookies don't depend on the port, so one sign-in counts for both apps.
    const app = `http://localhost:${port}`
    const env = { ORY_SDK_URL: setting("ORY_URL"), APP_URL: app, SESSION_CACHE_SECONDS: seconds }
    afterTest(await startApp(port, env))
    const page = await openPage()
    await signUp(page, newAccount)
    await page.goto(`${app}/dashboard`)
    await page.goto("/account/settings")
    const address = page.locator('input[name="traits.email"]')
    const changed = randomAccount()
    await address.fill(changed.email)
    await page.locator("form", { has: address }).getByRole("button", { name: texts.ory.save }).click()
    await codeFor(changed.email)
    await expect(page.getByText(texts.ory.saved).or(page.locator("input[name=code]")).first()).toBeVisible()
    await page.goto(`${app}/dashboard`)
    await expect(page.getByRole("main")).toContainText(changed.email)
  })
