import { readFile } from "node:fs/promises"
import { freePorts } from "./ports"
import { nodeModule, start, waitForUrl } from "../scripts/processes"
import { codeFor, expect, signUp, test } from "./fixtures"
import { randomAccount } from "./http"
import { events, gateFile, gateRuntime, startApp } from "./servers"
import { setting, withoutSettings } from "./settings"
import { texts } from "./texts"

test("explains an error of Ory in the app's own words, and logs Ory's text on one line because a link can put text into it", async () => {
  const ory = setting("ORY_URL")
  const [port] = await freePorts()
  const app = `http://localhost:${port}`
  const log: string[] = []
  const stop = await startApp(port, { ORY_SDK_URL: ory, APP_URL: app }, (_, line) => log.push(line))
  /** The HTML of the page to which Ory redirects the browser after this request. */
  const errorPage = async (path: string, init: RequestInit = {}): Promise<string> => {
    const response = await fetch(ory + path, { redirect: "manual", headers: { accept: "text/html" }, ...init })
    const location = new URL(response.headers.get("location") ?? "")
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
        texts.flowErrors.self_service_flow_return_to_forbidden,
      ],
      ["/self-service/logout?token=x", "session_inactive", texts.flowErrors.session_inactive],
      ["/self-service/login/browser?aal=aal2", "session_aal1_required", texts.flowErrors.session_aal1_required],
      [`/self-service/login?flow=${id}`, "security_csrf_violation", texts.flowErrors.security_csrf_violation, form],
      ["/self-service/login?flow=x", "without an id", texts.flowErrors.other],
    ]
    for (const [path, name, sentence, init] of cases) {
      log.length = 0
      expect(await errorPage(path, init), path).toContain(sentence)
      expect(
        events(log).filter(({ message }) => message.startsWith(`Ory ended a flow with an error: ${name}: `)),
        path,
      ).toHaveLength(1)
    }

    log.length = 0
    const lure = "your account is locked, call 0800 123"
    const page = await errorPage(
      `/self-service/login/browser?aal=${encodeURIComponent(`${lure}\nforged line\r\u001b[31mred\u2028\u202e${"x".repeat(2000)}`)}`,
    )
    expect(page).toContain(texts.flowErrors.other)
    expect(page).not.toContain(lure)
    expect(page).not.toMatch(/AuthenticationMethod|malformed/)
    expect(log.filter((line) => line.includes(lure))).toHaveLength(1)
    const [logged] = events(log).filter(({ message }) => message.includes(lure))
    expect(logged).toMatchObject({ level: "error", event: "flow_error", error_id: "without an id" })
    expect(logged?.request_id).toMatch(/^[\da-f-]{36}$/)
    expect(logged?.message).toMatch(
      /^Ory ended a flow with an error: without an id: .* call 0800 123 forged line \[31mred x+$/,
    )
    expect(logged?.message.length).toBeLessThan(600)
    expect(log.join("\n")).not.toContain("hunter2")
    for (const unknown of ["", "?id=made-up", "?id=a&id=b"])
      expect((await (await fetch(`${app}/auth/error${unknown}`)).text()).replaceAll("&#x27;", "'"), unknown).toContain(
        texts.flowErrors.other,
      )
  } finally {
    await stop()
  }
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

test("the landing page is prerendered, and no page behind the gate is", async () => {
  const manifest = JSON.parse(await readFile(".next/prerender-manifest.json", "utf8")) as {
    routes: Record<string, { routeType?: string; response?: string }>
  }
  const pages = Object.entries(manifest.routes).filter(([, { routeType }]) => routeType === "page")
  const prerendered = pages.filter(([path, { response }]) => !path.startsWith("/_") && response !== "empty")
  expect(prerendered.map(([path]) => path)).toEqual(["/"])
})

test("the build runs middleware.ts on the Edge runtime, and proxy.ts on Node", async () => {
  expect(await gateRuntime()).toBe(gateFile === "middleware.ts" ? "edge" : "node")
})

/** Runs `next` with these variables and no other variables of the app. */
async function next(args: string[], env: Record<string, string>): Promise<{ ok: boolean; lastLines: string }> {
  const all = { ...withoutSettings(), NODE_ENV: "production", ...env }
  return (await start(process.execPath, [nodeModule("next/dist/bin/next"), ...args], { env: all })).ended
}

test("build and start fail when a variable is missing or invalid, and name the variable and the fix", async () => {
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

test("a server without SESSION_SECRET logs once that it has no snapshots", async () => {
  const [port] = await freePorts()
  const log: string[] = []
  const app = `http://localhost:${port}`
  const env = { ...process.env, ORY_SDK_URL: setting("ORY_URL"), APP_URL: app, SESSION_SECRET: "" }
  const server = await start(
    process.execPath,
    [nodeModule("next/dist/bin/next"), "start", "-H", "localhost", "-p", String(port)],
    { env, log: (line) => log.push(line) },
  )
  try {
    await waitForUrl("The app", `${app}/`, server)
    for (const path of ["/dashboard", "/auth/error", "/api/me"]) await fetch(app + path, { redirect: "manual" })
  } finally {
    await server.stop()
  }
  expect(log.filter((line) => line.includes("SESSION_SECRET is not set"))).toHaveLength(1)
})
