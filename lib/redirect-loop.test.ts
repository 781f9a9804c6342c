import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"

/** What the log says where Ory's cookies are missing. The browser tests see the same with a real Ory. */

let logged: string[]

beforeEach(() => {
  logged = []
  vi.spyOn(console, "error").mockImplementation((line: string) => void logged.push(line))
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

async function log(
  expected: "session" | "flow",
  cookies: string | null,
  variables: Record<string, string> = {},
): Promise<string> {
  vi.resetModules()
  const all = { ORY_SDK_URL: "https://auth.example.com", APP_URL: "https://app.example.com", ...variables }
  for (const [name, value] of Object.entries(all)) vi.stubEnv(name, value)
  const { logMissingCookies } = await import("@/lib/redirect-loop")
  const lines = logMissingCookies(expected, cookies, all.APP_URL)
  expect(logged).toEqual([lines.join("\n  ")])
  return lines.join("\n")
}

test("names are logged, and never values", async () => {
  const said = await log(
    "session",
    "a=hunter2; hunter2; b = hunter2; =hunter2; csrf_token_x=hunter2=hunter2; evil\u001b[31m=hunter2; c=",
  )
  expect(said).toContain("The browser sent: a, csrf_token_x, c.")
  expect(said).not.toContain("hunter2")
  expect(said).not.toContain("\u001b")
})

test("a browser that sends hundreds of names fills no log", async () => {
  const said = await log("session", Array.from({ length: 500 }, (_, index) => `n${index}=1`).join("; "))
  expect(said).toContain("n29.")
  expect(said).not.toContain("n30")
})

describe("likely causes", () => {
  test("no cookie of Ory arrives on a sibling domain: cookies.domain", async () => {
    for (const expected of ["session", "flow"] as const) {
      logged = []
      const said = await log(expected, "theme=dark")
      expect(said).toContain("Set cookies.domain in Kratos to a domain that auth.example.com and app.example.com share")
      expect(said).toContain(`Expected: ${expected === "session" ? "ory_kratos_session" : "csrf_token_…"}`)
    }
  })

  test("the flow's cookie arrives without the session: a renamed cookie, or session.cookie.domain", async () => {
    const said = await log("session", "csrf_token_x=1; my_session=2; __Host-login_redirects=3")
    expect(said).toContain("Set ORY_SESSION_COOKIE to it, perhaps my_session.")
    expect(said).toContain("session.cookie.domain")
  })

  test("a session cookie arrives that Ory rejects: another Ory, or an old cookie", async () => {
    const said = await log("session", "renamed=1", { ORY_SESSION_COOKIE: "renamed" })
    expect(said).toContain("Expected: renamed. The browser sent: renamed.")
    expect(said).toContain("Ory at https://auth.example.com has no session for renamed.")
    expect(said).toContain("Delete the cookies of app.example.com")
  })

  test("through this app, domains are no cause", async () => {
    const said = await log("flow", null, { ORY_PROXY: "on" })
    expect(said).toContain("The browser sent: no cookies.")
    expect(said).not.toContain("cookies.domain")
    expect(said).toContain("Set APP_URL")
  })
})
