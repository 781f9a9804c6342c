import { expect, test } from "./fixtures"
import { freePorts } from "./ports"
import { events, startApp } from "./servers"
import { setting } from "./settings"
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
