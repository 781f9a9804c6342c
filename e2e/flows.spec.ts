import { readFile } from "node:fs/promises"
import { freePorts, nodeModule, start, waitForUrl } from "../scripts/processes"
import { expect, signUp, test } from "./fixtures"
import { browserCookies, signedIn } from "./http"
import { startApp, startServers } from "./servers"
import { setting, withoutSettings } from "./settings"

for (const path of ["login", "registration", "recovery", "verification"])
  test(`a flow for ${path} that is someone else's, or never was, begins anew`, async ({ page, browser }) => {
    // Someone else's, in a browser that has begun a flow before, so that it has Ory's cookies.
    const other = await browser.newPage({ baseURL: setting("APP_URL") })
    await other.goto(`/auth/${path}`)
    await page.goto(`/auth/${path}`)
    const own = page.url()
    for (const id of [
      new URL(other.url()).searchParams.get("flow"),
      "8a1c9a1e-5c3e-4a7e-9b1e-000000000000",
      "made-up",
      "%00",
    ]) {
      await page.goto(`/auth/${path}?flow=${id ?? ""}`)
      await expect(page.getByRole("textbox").first()).toBeVisible()
      expect(page.url()).toContain(`/auth/${path}?flow=`)
      expect(page.url()).not.toBe(own)
      expect(page.url()).not.toContain(id)
    }
    await other.close()
  })

for (const kind of ["login", "registration", "recovery", "verification", "settings"])
  test(`a new ${kind} flow begins in place of one of type api, which an attacker can make and prefill`, async ({
    browser,
  }) => {
    const ory = setting("ORY_URL")
    const person = await signedIn(ory, setting("ORY_ADMIN_URL"))
    const headers: Record<string, string> = { accept: "application/json", "content-type": "application/json" }
    const api = async (name: string): Promise<string> =>
      ((await (await fetch(`${ory}/self-service/${name}/api`, { headers })).json()) as { id: string }).id
    const submit = (name: string, id: string, body: object): Promise<Response> =>
      fetch(`${ory}/self-service/${name}?flow=${id}`, { method: "POST", headers, body: JSON.stringify(body) })

    if (kind === "settings") {
      const login = { method: "password", identifier: person.email, password: person.password }
      const answer = (await (await submit("login", await api("login"), login)).json()) as { session_token: string }
      headers["x-session-token"] = answer.session_token
    }
    const id = await api(kind)
    const email = "prefilled@attacker.example"
    const traits = { email, name: { first: "Prefilled" } }
    const bodies: Record<string, object> = {
      login: { method: "password", identifier: email, password: "wrong" },
      registration: { method: "password", traits, password: "1" },
      settings: { method: "profile", traits: { ...traits, email: "no address" } },
    }
    await submit(kind, id, bodies[kind] ?? { method: "code", email })

    const context = await browser.newContext({ baseURL: setting("APP_URL") })
    if (kind === "settings") await context.addCookies(browserCookies(person, setting("APP_URL")))
    const page = await context.newPage()
    const path = kind === "settings" ? "/account/settings" : `/auth/${kind}`
    await page.goto(`${path}?flow=${id}`)
    await expect(page.getByRole("textbox").first()).toBeVisible()
    expect(page.url()).toMatch(new RegExp(`${path}\\?flow=(?!${id})`))
    expect(await page.content()).not.toMatch(/prefilled|no address/i)
    await context.close()
  })

test("shows our own sentence for an error of Ory's; Ory's words, which can quote a link, go to the log on one line", async () => {
  const ory = setting("ORY_URL")
  const [port] = await freePorts()
  const app = `http://localhost:${port}`
  const said: string[] = []
  const stop = await startApp(port, { ORY_SDK_URL: ory, APP_URL: app }, (_, line) => said.push(line))
  /** The page that Ory sends a browser to after this request. */
  const errorPage = async (path: string, init: RequestInit = {}): Promise<string> => {
    const answer = await fetch(ory + path, { redirect: "manual", headers: { accept: "text/html" }, ...init })
    const location = new URL(answer.headers.get("location") ?? "")
    expect(location.pathname).toBe("/auth/error")
    const page = await fetch(`${app}/auth/error${location.search}`, {
      headers: { cookie: "ory_kratos_session=hunter2" },
    })
    expect(page.status).toBe(200)
    return (await page.text()).replaceAll("&#x27;", "'")
  }
  try {
    const form = { method: "POST", body: new URLSearchParams({ method: "password", identifier: "a", password: "b" }) }
    const begun = await fetch(`${ory}/self-service/login/browser`, { headers: { accept: "application/json" } })
    const { id } = (await begun.json()) as { id: string }
    const cases: [path: string, id: string, sentence: string, init?: RequestInit][] = [
      [
        "/self-service/login/browser?return_to=https://evil.example/",
        "self_service_flow_return_to_forbidden",
        "leads to a page outside this site",
      ],
      ["/self-service/logout?token=x", "session_inactive", "You are signed out."],
      ["/self-service/login/browser?aal=aal2", "session_aal1_required", "Sign in first."],
      [
        `/self-service/login?flow=${id}`,
        "security_csrf_violation",
        "We couldn't confirm that the form came from your browser.",
        form,
      ],
      ["/self-service/login?flow=x", "without an id", "We couldn't complete this."],
    ]
    for (const [path, name, sentence, init] of cases) {
      said.length = 0
      expect(await errorPage(path, init), path).toContain(sentence)
      expect(
        said.filter((line) => line.startsWith(`Ory ended a flow with an error: ${name}: `)),
        path,
      ).toHaveLength(1)
    }

    said.length = 0
    const lure = "your account is locked, call 0800 123"
    const page = await errorPage(
      `/self-service/login/browser?aal=${encodeURIComponent(`${lure}\nforged line\r\u001b[31mred\u2028\u202e${"x".repeat(2000)}`)}`,
    )
    expect(page).toContain("We couldn't complete this.")
    expect(page).not.toContain(lure)
    expect(page).not.toMatch(/AuthenticationMethod|malformed/)
    const logged = said.filter((line) => line.includes(lure))
    expect(logged).toHaveLength(1)
    expect(logged[0]).toMatch(
      /^Ory ended a flow with an error: without an id: .* call 0800 123 forged line \[31mred x+$/,
    )
    expect(logged[0]?.length).toBeLessThan(600)
    expect(said.join("\n")).not.toContain("hunter2")
    for (const unknown of ["", "?id=made-up", "?id=a&id=b"])
      expect((await (await fetch(`${app}/auth/error${unknown}`)).text()).replaceAll("&#x27;", "'"), unknown).toContain(
        "We couldn't complete this.",
      )
  } finally {
    await stop()
  }
})

test("a flow that has expired begins anew, for settings as well", async ({ browser }) => {
  const kinds = ["login", "registration", "recovery", "verification", "settings"]
  const servers = await startServers({
    kratos: Object.fromEntries(kinds.map((kind) => [`SELFSERVICE_FLOWS_${kind.toUpperCase()}_LIFESPAN`, "1s"])),
  })
  try {
    for (const kind of kinds) {
      const context = await browser.newContext({ baseURL: servers.appUrl })
      if (kind === "settings")
        await context.addCookies(browserCookies(await signedIn(servers.oryUrl, servers.ory.adminUrl), servers.appUrl))
      const page = await context.newPage()
      const path = kind === "settings" ? "/account/settings" : `/auth/${kind}`
      let begun = ""
      page.on(
        "request",
        (request) => request.url().includes(`/self-service/${kind}/browser`) && (begun = request.url()),
      )
      await page.goto(`${path}?return_to=/account%3Ftab%3D1`)
      const old = page.url()
      expect(old).toContain(`${path}?flow=`)
      await page.waitForTimeout(1500)
      expect((await page.goto(old))?.status()).toBe(200)
      expect(page.url()).toContain(`${path}?flow=`)
      expect(page.url()).not.toBe(old)
      // Where it was to lead is not lost.
      if (kind === "login" || kind === "registration")
        expect(new URL(begun).searchParams.get("return_to")).toBe(`${servers.appUrl}/account?tab=1`)
      await context.close()
    }
  } finally {
    await servers.stop()
  }
})

for (const seconds of ["0", "30"])
  test(`what was changed in settings is on the next page, with snapshots of ${seconds} seconds`, async ({
    page,
    person,
  }) => {
    const [port] = await freePorts()
    // Cookies are shared across ports, so the one sign-in is good for both apps.
    const app = `http://localhost:${port}`
    const stop = await startApp(port, { ORY_SDK_URL: setting("ORY_URL"), APP_URL: app, SESSION_CACHE_SECONDS: seconds })
    try {
      await signUp(page, person)
      await page.goto(`${app}/dashboard`)
      await page.goto("/account/settings")
      const form = page.locator("form", { has: page.getByRole("textbox", { name: "First name" }) })
      await form.getByRole("textbox", { name: "First name" }).fill("Ada")
      await form.getByRole("button", { name: "Save" }).click()
      await expect(page.getByText("Your changes have been saved!").first()).toBeVisible()
      await page.goto(`${app}/dashboard`)
      await expect(page.getByRole("heading", { name: "Hello, Ada" })).toBeVisible()
    } finally {
      // Nothing may still be on its way to an app that is gone.
      await page.goto("about:blank")
      await stop()
    }
  })

test("the gate is an Edge function", async () => {
  const manifest = JSON.parse(await readFile(".next/server/middleware-manifest.json", "utf8")) as {
    middleware: Record<string, { files: string[] } | undefined>
  }
  expect(manifest.middleware["/"]?.files.some((file) => file.includes("/edge/"))).toBe(true)
})

/** What `next` says, and how it ends, with these variables and no others of the app's. */
async function next(args: string[], env: Record<string, string>): Promise<{ ok: boolean; lastLines: string }> {
  const all = { ...withoutSettings(), NODE_ENV: "production", ...env }
  return (await start(process.execPath, [nodeModule("next/dist/bin/next"), ...args], { env: all })).ended
}

test("a variable that is wrong or missing stops build and start, by name, with its cure", async () => {
  const [port] = await freePorts()
  const onPort = ["start", "-H", "localhost", "-p", String(port)]
  const cases: [args: string[], env: Record<string, string>, message: string][] = [
    [["build"], {}, "ORY_SDK_URL is not set. Set it to the origin of Ory, for example http://localhost:4000"],
    [
      ["build"],
      { ORY_SDK_URL: "localhost:4000" },
      'ORY_SDK_URL is "localhost:4000", which does not begin with http:// or https://',
    ],
    [
      onPort,
      { ORY_SDK_URL: "https://auth.example.com/" },
      "APP_URL is not set. In production, set it to the origin that users see",
    ],
    [
      onPort,
      { ORY_SDK_URL: "https://auth.example.com", APP_URL: "https://app.example.com", SESSION_SECRET: "short" },
      "SESSION_SECRET contains a secret that is shorter than 32",
    ],
  ]
  for (const [args, env, message] of cases) {
    const { ok, lastLines } = await next(args, env)
    expect([ok, lastLines]).toEqual([false, expect.stringContaining(message)])
  }
})

test("a server without a secret says once that it has no snapshots", async () => {
  const [port] = await freePorts()
  const said: string[] = []
  const app = `http://localhost:${port}`
  const env = { ...process.env, ORY_SDK_URL: setting("ORY_URL"), APP_URL: app, SESSION_SECRET: "" }
  const server = await start(
    process.execPath,
    [nodeModule("next/dist/bin/next"), "start", "-H", "localhost", "-p", String(port)],
    { env, log: (line) => said.push(line) },
  )
  try {
    await waitForUrl("The app", `${app}/`, server)
    for (const path of ["/dashboard", "/auth/error", "/api/me"]) await fetch(app + path, { redirect: "manual" })
  } finally {
    await server.stop()
  }
  expect(said.filter((line) => line.includes("SESSION_SECRET is not set"))).toHaveLength(1)
})
