import { describe, expect, test } from "vitest"
import { flowQuery, loginUrl, newFlowUrl, noSessionUrl, returnTo } from "@/lib/return-to"
import { paths } from "@/lib/routes"
import { good, hostile } from "@/lib/return-to.corpus"

const APPS = ["http://localhost:3000", "https://app.example.com", "https://app.example.com:8443"]

describe.each(APPS)("returnTo for an app at %s", (app) => {
  const home = app + paths.dashboard

  test("the corpus of hostile values is large and has no duplicates", () => {
    const values = hostile(app)
    expect(values.filter((value, index) => values.indexOf(value) !== index)).toEqual([])
    expect(values.length).toBeGreaterThanOrEqual(400)
  })

  test("returns the default page for every hostile value", () => {
    const accepted = hostile(app).filter((value) => returnTo(value, app) !== home)
    expect(accepted.map((value) => [value, returnTo(value, app)])).toEqual([])
  })

  test.each(good(app))("returns $path for $value", ({ value, path }) => {
    expect(returnTo(value, app)).toBe(app + path)
  })

  test.each([null, undefined])("returns the default page for %s", (value) => {
    expect(returnTo(value, app)).toBe(home)
  })

  test("accepts URLs of up to 2048 characters, but no longer ones", () => {
    const path = `/${"a".repeat(2048 - app.length - 1)}`
    expect(returnTo(path, app)).toBe(app + path)
    expect(returnTo(`${path}a`, app)).toBe(home)
    expect(returnTo(app + path, app)).toBe(app + path)
    expect(returnTo(`${app}${path}a`, app)).toBe(home)
  })

  test("returns the page in the return_to of /auth/no-session, but never a hostile value", () => {
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

  test("returns the default page for another app's page", () => {
    for (const other of APPS.filter((url) => url !== app)) expect(returnTo(`${other}/account`, app)).toBe(home)
  })
})

describe("returnTo with a mutated corpus", () => {
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
    ["encoded", encodeIfWellFormed],
    ["encoded behind a slash", (value) => `/${encodeIfWellFormed(value)}`],
    ["encoded twice", (value) => encodeIfWellFormed(encodeIfWellFormed(value))],
    ["encoded twice behind a slash", (value) => `/${encodeIfWellFormed(encodeIfWellFormed(value))}`],
    ["encoded as a URI", (value) => (value.isWellFormed() ? encodeURI(value) : value)],
    ["with every letter encoded", (value) => value.replace(/\w/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`)],
    ["with encoded slashes", (value) => value.replaceAll("/", "%2F")],
    ["with twice encoded slashes behind a slash", (value) => `/${value.replaceAll("/", "%252f")}`],
    ["with backslashes", (value) => value.replaceAll("/", "\\")],
    ["with encoded backslashes behind a slash", (value) => `/${value.replaceAll("/", "%5c")}`],
    ["with doubled slashes", (value) => value.replaceAll("/", "//")],
    ["with encoded dots", (value) => value.replaceAll(".", "%2e")],
    ["with twice encoded dots", (value) => value.replaceAll(".", "%252e")],
    ["with full-width letters", (value) => value.replace(/\w/g, toFullWidth)],
    ["with full-width signs", (value) => value.replace(/[!-/:-@]/g, toFullWidth)],
    ["with full-width signs behind a slash", (value) => `/${value.replace(/[!-/:-@]/g, toFullWidth)}`],
    ["with a tab in the middle", (value) => `${value.slice(0, value.length / 2)}\t${value.slice(value.length / 2)}`],
    ["with parameters on every segment", (value) => value.replaceAll("/", ";a/")],
    ["reversed", (value) => Array.from(value).reverse().join("")],
  ]
  const mutations: [string, (value: string) => string][] = [
    ...prefixes.map((prefix): [string, (value: string) => string] => [
      `after ${JSON.stringify(prefix)}`,
      (value) => prefix + value,
    ]),
    ...suffixes.map((suffix): [string, (value: string) => string] => [
      `before ${JSON.stringify(suffix)}`,
      (value) => value + suffix,
    ]),
    ...letters,
  ]

  test("has more than 30,000 different values", () => {
    const mutated = new Set(mutations.flatMap(([, mutate]) => values.map(mutate)))
    expect(mutated.size).toBeGreaterThan(30_000)
  })

  test.each(mutations)(
    "returns a page of this app without a redirect loop, and the same page for its own result, with values %s",
    (_how, mutate) => {
      const problems: unknown[] = []
      for (const value of values.map(mutate)) {
        const result = returnTo(value, app)
        const problem = findProblem(result, app)
        if (problem) problems.push({ value, result, problem })
        // The gate passes only the path to the page, which calls `returnTo` again.
        if (returnTo(result, app) !== result || returnTo(result.slice(app.length), app) !== result)
          problems.push({ value, result, problem: "a second call returns another page" })
      }
      expect(problems).toEqual([])
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
  ])("the check for problems detects %s", (result) => {
    expect(findProblem(result, app)).toBeDefined()
  })
})

/** Finds a problem in `result` by repeated decoding and resolving, independently of the tested code. */
function findProblem(result: string, app: string): string | undefined {
  if (!URL.canParse(result)) return "not an absolute URL"
  const url = new URL(result)
  if (url.href !== result) return "not normalized like in a browser"
  if (url.origin !== app || !result.startsWith(`${app}/`)) return "another origin"
  if (url.username !== "" || url.password !== "") return "credentials"
  if (/[^!-~]/.test(result)) return "bytes that are not allowed in a header"

  let path = url.pathname
  for (let times = 0; times < 8; times++) {
    for (const candidate of [path, path.replace(/;[^/]*/g, "")]) {
      if (!URL.canParse(candidate, app) || new URL(candidate, app).origin !== app)
        return `another origin, decoded ${times} times`
      const { pathname } = new URL(candidate, app)
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

function encodeIfWellFormed(value: string): string {
  return value.isWellFormed() ? encodeURIComponent(value) : value
}

function toFullWidth(letter: string): string {
  return String.fromCharCode(letter.charCodeAt(0) + 0xfee0)
}

describe("newFlowUrl", () => {
  const app = { appUrl: "http://localhost:3000", sessionCookies: "ory_kratos_session=1" }

  test.each([
    ["?return_to=/a&return_to=/b", "http://localhost:3000/a"],
    ["?return_to=/b&return_to=https://evil.example/", "http://localhost:3000/b"],
    ["?return_to=https://evil.example/&return_to=/b", "http://localhost:3000/dashboard"],
    ["", "http://localhost:3000/dashboard"],
  ])("takes the first of several parameters: %s", (search, page) => {
    const query = flowQuery(new URLSearchParams(search))
    expect(new URL(newFlowUrl("login", "http://localhost:4000", query, app)).searchParams.get("return_to")).toBe(page)
  })

  test("has only the parameters that Ory understands", () => {
    const query = flowQuery(new URLSearchParams("refresh=true&refresh=false&aal=aal2&flow=1&via=sms"))
    const { searchParams } = new URL(newFlowUrl("login", "http://localhost:4000", query, app))
    expect(Object.fromEntries(searchParams)).toEqual({
      refresh: "true",
      aal: "aal2",
      return_to: "http://localhost:3000/dashboard",
    })
  })
})

describe("loginUrl", () => {
  const page = "http://localhost:3000/account?a=1&b=2#c"

  test.each([
    [undefined, ""],
    [{}, ""],
    [{ refresh: false, aal2: false }, ""],
    [{ refresh: true }, "refresh=true&"],
    [{ aal2: true }, "aal=aal2&"],
    [{ refresh: true, aal2: true }, "refresh=true&aal=aal2&"],
  ])("has the correct query for the options %j", (options, query) => {
    expect(loginUrl("http://localhost:4000", page, options)).toBe(
      `http://localhost:4000/self-service/login/browser?${query}return_to=http%3A%2F%2Flocalhost%3A3000%2Faccount%3Fa%3D1%26b%3D2%23c`,
    )
  })

  test("keeps the page unchanged in return_to", () => {
    expect(new URL(loginUrl("https://auth.example.com", page)).searchParams.get("return_to")).toBe(page)
  })

  test("adds no parameters from the page's query", () => {
    const { searchParams } = new URL(loginUrl("https://auth.example.com", `${page}&refresh=true&aal=aal2`))
    expect([...searchParams.keys()]).toEqual(["return_to"])
  })
})
