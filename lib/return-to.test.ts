import { describe, expect, test } from "vitest"
import { loginUrl, noSessionUrl, returnTo } from "@/lib/return-to"
import { paths } from "@/lib/routes"
import { good, hostile } from "@/lib/return-to.corpus"

const APPS = ["http://localhost:3000", "https://app.example.com", "https://app.example.com:8443"]

describe.each(APPS)("for an app at %s", (app) => {
  const home = app + paths.dashboard

  test("the corpus of hostile values is large, and holds none twice", () => {
    const values = hostile(app)
    expect(values.filter((value, index) => values.indexOf(value) !== index)).toEqual([])
    expect(values.length).toBeGreaterThanOrEqual(400)
  })

  test("every hostile value ends at the default page", () => {
    const arrived = hostile(app).filter((value) => returnTo(value, app) !== home)
    expect(arrived.map((value) => [value, returnTo(value, app)])).toEqual([])
  })

  test.each(good(app))("$value arrives at $path", ({ value, path }) => {
    expect(returnTo(value, app)).toBe(app + path)
  })

  test.each([null, undefined])("%s is the default page", (value) => {
    expect(returnTo(value, app)).toBe(home)
  })

  test("a value of 2048 characters arrives if its URL is no longer, and not one character more", () => {
    const path = `/${"a".repeat(2048 - app.length - 1)}`
    expect(returnTo(path, app)).toBe(app + path)
    expect(returnTo(`${path}a`, app)).toBe(home)
    expect(returnTo(app + path, app)).toBe(app + path)
    expect(returnTo(`${app}${path}a`, app)).toBe(home)
  })

  test("the page that ends redirect loops stands for the page inside it, and for nothing else", () => {
    for (const { value, path } of good(app)) {
      const url = noSessionUrl(returnTo(value, app), app)
      expect(returnTo(url, app)).toBe(app + path)
      expect(returnTo(url.slice(app.length), app)).toBe(app + path)
    }
    for (const value of hostile(app).filter((value) => value.isWellFormed())) {
      expect(returnTo(`/auth/no-session?return_to=${encodeURIComponent(value)}`, app)).toBe(home)
      expect(returnTo(`${app}/auth/no-session?return_to=${value}`, app), value).toMatch(
        new RegExp(`^${app.replaceAll(".", "\\.")}/(?!auth/|/)`),
      )
    }
    for (const rest of ["", "?", "?return_to=", "?a=b", "/x?return_to=/account", "#?return_to=/account"])
      expect(returnTo(`/auth/no-session${rest}`, app), rest).toBe(home)
    expect(returnTo(noSessionUrl(noSessionUrl(`${app}/account`, app), app), app)).toBe(home)
  })

  test("another app's pages are not this app's", () => {
    for (const other of APPS.filter((url) => url !== app)) expect(returnTo(`${other}/account`, app)).toBe(home)
  })
})

describe("however the corpus is bent", () => {
  const app = "http://localhost:3000"
  const values = [...hostile(app), ...good(app).map(({ value }) => value)]

  const prefixes = [
    "",
    "/",
    "//",
    "///",
    "/\\",
    "\\",
    " ",
    "\t",
    "\u200b",
    ".",
    "/.",
    "/..",
    "/./",
    "/../",
    "/;",
    "/..;/",
    "/%2e%2e/",
    "/%2f",
    "/%252f",
    "/%5c",
    "/%09",
    "/\uff0f",
    "/x/../",
    "/auth/",
    "/auth/..",
    "/auth;",
    "/dashboard",
    "/dashboard/",
    "/dashboard/..",
    "/dashboard/../auth/",
    "/dashboard?",
    "/dashboard?return_to=",
    "/dashboard#",
    app,
    `${app}/`,
    `${app}//`,
    `${app}\\`,
    `${app}@`,
    `${app}.`,
    `${app}?`,
    `${app}#`,
    "https:",
    "http://",
    "https://",
    "http://a@",
    "javascript:",
    "view-source:",
  ]
  const suffixes = [
    "/",
    "//",
    "/..",
    "/../",
    "/..;",
    "\\",
    "?",
    "?a=b",
    "#",
    "#a",
    "\n",
    "\0",
    "%00",
    "%",
    "@evil.example",
    ":80",
    ".evil.example",
    ";a=b",
  ]
  const letters: [string, (value: string) => string][] = [
    ["in upper case", (value) => value.toUpperCase()],
    ["encoded", encoded],
    ["encoded behind a slash", (value) => `/${encoded(value)}`],
    ["encoded twice", (value) => encoded(encoded(value))],
    ["encoded twice behind a slash", (value) => `/${encoded(encoded(value))}`],
    ["encoded as a URI", (value) => (value.isWellFormed() ? encodeURI(value) : value)],
    ["with every letter encoded", (value) => value.replace(/\w/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`)],
    ["with encoded slashes", (value) => value.replaceAll("/", "%2F")],
    ["with twice encoded slashes behind a slash", (value) => `/${value.replaceAll("/", "%252f")}`],
    ["with backslashes", (value) => value.replaceAll("/", "\\")],
    ["with encoded backslashes behind a slash", (value) => `/${value.replaceAll("/", "%5c")}`],
    ["with doubled slashes", (value) => value.replaceAll("/", "//")],
    ["with encoded dots", (value) => value.replaceAll(".", "%2e")],
    ["with twice encoded dots", (value) => value.replaceAll(".", "%252e")],
    ["with full-width letters", (value) => value.replace(/\w/g, wide)],
    ["with full-width signs", (value) => value.replace(/[!-/:-@]/g, wide)],
    ["with full-width signs behind a slash", (value) => `/${value.replace(/[!-/:-@]/g, wide)}`],
    ["with a tab in the middle", (value) => `${value.slice(0, value.length / 2)}\t${value.slice(value.length / 2)}`],
    ["with parameters on every segment", (value) => value.replaceAll("/", ";a/")],
    ["backwards", (value) => Array.from(value).reverse().join("")],
  ]
  const bends: [string, (value: string) => string][] = [
    ...prefixes.map((prefix): [string, (value: string) => string] => [
      `behind ${JSON.stringify(prefix)}`,
      (value) => prefix + value,
    ]),
    ...suffixes.map((suffix): [string, (value: string) => string] => [
      `before ${JSON.stringify(suffix)}`,
      (value) => value + suffix,
    ]),
    ...letters,
  ]

  test("tens of thousands of values are tried", () => {
    const bent = new Set(bends.flatMap(([, bend]) => values.map(bend)))
    expect(bent.size).toBeGreaterThan(30_000)
  })

  test.each(bends)(
    "%s: it is a page of this app that sends nobody on, and stays the same when asked again",
    (_how, bend) => {
      const wrong: unknown[] = []
      for (const value of values.map(bend)) {
        const result = returnTo(value, app)
        const problem = leaves(result, app)
        if (problem) wrong.push({ value, result, problem })
        // The gate hands the path alone to the page, which asks again.
        if (returnTo(result, app) !== result || returnTo(result.slice(app.length), app) !== result)
          wrong.push({ value, result, problem: "not the same when asked again" })
      }
      expect(wrong).toEqual([])
    },
  )

  test.each([
    "http://evil.example/",
    "http://localhost:3000.evil.example/",
    "http://user@localhost:3000/",
    "http://localhost:3000//evil.example",
    "http://localhost:3000/%2f/evil.example",
    "http://localhost:3000/%255cevil.example",
    "http://localhost:3000/AUTH/login",
    "http://localhost:3000/x/%252e%252e/auth",
    "http://localhost:3000/auth;a=b/login",
    "http://localhost:3000/api/refresh-session?a=b",
    "/dashboard",
  ])("what these tests look for would be found in %s", (result) => {
    expect(leaves(result, app)).toBeDefined()
  })
})

/** What is wrong with `result`, by other means than the code under test: decode, resolve again, look where it ends. */
function leaves(result: string, app: string): string | undefined {
  if (!URL.canParse(result)) return "no absolute URL"
  const url = new URL(result)
  if (url.href !== result) return "not as a browser would write it"
  if (url.origin !== app || !result.startsWith(`${app}/`)) return "another origin"
  if (url.username !== "" || url.password !== "") return "credentials"
  if (/[^!-~]/.test(result)) return "bytes that a header may not hold"

  let path = url.pathname
  for (let times = 0; times < 8; times++) {
    for (const seen of [path, path.replace(/;[^/]*/g, "")]) {
      if (!URL.canParse(seen, app) || new URL(seen, app).origin !== app) return `another origin, decoded ${times} times`
      const { pathname } = new URL(seen, app)
      if (
        /^\/(auth|unavailable|api\/refresh-session|self-service|sessions|schemas|\.well-known\/ory)(\/|$)/i.test(
          pathname,
        )
      )
        return `a loop, decoded ${times} times`
    }
    try {
      path = decodeURIComponent(path).normalize("NFKC")
    } catch {
      return undefined
    }
  }
  return undefined
}

function encoded(value: string): string {
  return value.isWellFormed() ? encodeURIComponent(value) : value
}

function wide(letter: string): string {
  return String.fromCharCode(letter.charCodeAt(0) + 0xfee0)
}

describe("Ory's login", () => {
  const back = "http://localhost:3000/account?a=1&b=2#c"

  test.each([
    [undefined, ""],
    [{}, ""],
    [{ refresh: false, aal2: false }, ""],
    [{ refresh: true }, "refresh=true&"],
    [{ aal2: true }, "aal=aal2&"],
    [{ refresh: true, aal2: true }, "refresh=true&aal=aal2&"],
  ])("asked for %j", (ask, query) => {
    expect(loginUrl("http://localhost:4000", back, ask)).toBe(
      `http://localhost:4000/self-service/login/browser?${query}return_to=http%3A%2F%2Flocalhost%3A3000%2Faccount%3Fa%3D1%26b%3D2%23c`,
    )
  })

  test("what comes back from its query is what went in", () => {
    expect(new URL(loginUrl("https://auth.example.com", back)).searchParams.get("return_to")).toBe(back)
  })

  test("a page's query adds nothing to it", () => {
    const { searchParams } = new URL(loginUrl("https://auth.example.com", `${back}&refresh=true&aal=aal2`))
    expect([...searchParams.keys()]).toEqual(["return_to"])
  })
})
