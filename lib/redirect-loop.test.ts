import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"

/** Log messages for missing Ory cookies. The browser tests check the same messages with a real Ory. */

let logged: string[]

beforeEach(() => {
  logged = []
  vi.spyOn(console, "error").mockImplementation((line: string) => void logged.push(line))
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

async function logMessage(
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

test("logs cookie names, but never values", async () => {
  const message = await logMessage(
    "session",
    "a=hunter2; hunter2; b = hunter2; =hunter2; csrf_token_x=hunter2=hunter2; evil\u001b[31m=hunter2; c=",
  )
  expect(message).toContain("The browser sent: a, csrf_token_x, c.")
  expect(message).not.toContain("hunter2")
  expect(message).not.toContain("\u001b")
})

test("limits the number of logged names", async () => {
  const message = await logMessage("session", Array.from({ length: 500 }, (_, index) => `n${index}=1`).join("; "))
  expect(message).toContain("n29.")
  expect(message).not.toContain("n30")
})

describe("the likely cause", () => {
  test("is cookies.domain if no Ory cookie arrives from a sibling domain", async () => {
    for (const expected of ["session", "flow"] as const) {
      logged = []
      const message = await logMessage(expected, "theme=dark")
      expect(message).toContain(
        "Set cookies.domain in Kratos to a domain that auth.example.com and app.example.com share",
      )
      expect(message).toContain(`Expected: ${expected === "session" ? "ory_kratos_session" : "csrf_token_…"}`)
    }
  })

  test("is a renamed cookie or session.cookie.domain if only the flow's cookie arrives", async () => {
    const message = await logMessage("session", "csrf_token_x=1; my_session=2; __Host-login_redirects=3")
    expect(message).toContain("Set ORY_SESSION_COOKIE to it, perhaps my_session.")
    expect(message).toContain("session.cookie.domain")
  })

  test("is another Ory or an old cookie if Ory rejects the session cookie", async () => {
    const message = await logMessage("session", "renamed=1", { ORY_SESSION_COOKIE: "renamed" })
    expect(message).toContain("Expected: renamed. The browser sent: renamed.")
    expect(message).toContain("Ory at https://auth.example.com has no session for renamed.")
    expect(message).toContain("Delete the cookies of app.example.com")
  })

  test("is never a cookie domain with ORY_PROXY=on", async () => {
    const message = await logMessage("flow", null, { ORY_PROXY: "on" })
    expect(message).toContain("The browser sent: no cookies.")
    expect(message).not.toContain("cookies.domain")
    expect(message).toContain("Set APP_URL")
  })
})
