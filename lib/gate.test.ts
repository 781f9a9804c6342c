import { existsSync } from "node:fs"
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { resolve } from "node:path"
import { NextRequest, type NextResponse } from "next/server"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest"
import type { SessionCheck } from "@/lib/gate"
import type { Verdict } from "@/lib/ory"
import type { GateRequest } from "@/lib/request"
import { session as makeSession } from "@/lib/testing"

/** Stands in for Ory's HTTP API, so that each response can be chosen. The browser tests run against a real Ory. */
let server: Server
let respond: RequestListener
let requestsToOry: IncomingMessage[]
let oryUrl: string
let app: App

const HTTP = "http://localhost:3000"
const HTTPS = "https://app.example.com"
const COOKIE = "ory_kratos_session=one"
const HTML = "text/html,application/xhtml+xml,*/*;q=0.8"

const session = makeSession()
const active: Verdict = { outcome: "active", session }

type Refused = Exclude<Verdict["outcome"], "active"> | "refresh_required"
const anonymous: Refused = "anonymous"
const aal2: Refused = "aal2_required"
const unavailable: Refused = "unavailable"
const refresh: Refused = "refresh_required"

interface Gate {
  default: App["middleware"]
  config: { matcher: string[] }
}

/** `proxy.ts` is Next's newer name. */
const gateFile = resolve(existsSync("proxy.ts") ? "proxy.ts" : "middleware.ts")

interface App {
  gate: typeof import("@/lib/gate")
  request: typeof import("@/lib/request")
  sealed: typeof import("@/lib/sealed")
  middleware: (request: NextRequest) => Promise<NextResponse>
  matcher: string
}

/** Imports a new copy of the gate, because its modules read the environment on first import. */
async function withEnv(variables: Record<string, string> = {}): Promise<App> {
  vi.resetModules()
  vi.unstubAllEnvs()
  const all = { ORY_SDK_URL: oryUrl, APP_URL: `${HTTP},${HTTPS}`, ...variables }
  for (const [name, value] of Object.entries(all)) vi.stubEnv(name, value)
  const { default: middleware, config } = (await import(gateFile)) as Gate
  return {
    gate: await import("@/lib/gate"),
    request: await import("@/lib/request"),
    sealed: await import("@/lib/sealed"),
    middleware,
    matcher: config.matcher[0] ?? "",
  }
}

beforeAll(async () => {
  server = createServer((request, response) => {
    requestsToOry.push(request)
    respond(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve))
  oryUrl = `http://localhost:${(server.address() as AddressInfo).port}`
})

beforeEach(async () => {
  vi.spyOn(console, "error").mockReturnValue()
  requestsToOry = []
  respond = json(200, { ...session, active: true })
  app = await withEnv()
})

afterAll(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

function json(status: number, body: unknown, headers: Record<string, string | string[]> = {}): RequestListener {
  return (_request, response) =>
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body))
}

const DELETED_SNAPSHOT = "session_snapshot=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"

interface RequestOptions {
  path?: string
  method?: string
  headers?: Record<string, string>
  appUrl?: string
}

function makeRequest({ path = "/dashboard", method = "GET", headers = {} }: RequestOptions = {}): NextRequest {
  // Under `next start`, the request's URL is always on localhost.
  return new NextRequest(`http://localhost:3000${path}`, { method, headers })
}

/** The request as the gate reads it. Its host selects one of the two origins in `APP_URL`. */
function gateRequest(options: RequestOptions = {}): GateRequest {
  const host = new URL(options.appUrl ?? HTTP).host
  return app.request.readGateRequest(makeRequest({ ...options, headers: { host, cookie: COOKIE, ...options.headers } }))
}

/** The request headers that the page receives. */
function forwardedHeaders(response: NextResponse): Headers {
  expect(response.headers.get("x-middleware-next"), "the request did not pass").toBe("1")
  const names = (response.headers.get("x-middleware-override-headers") ?? "").split(",")
  return new Headers(
    names.map((name): [string, string] => [name, response.headers.get(`x-middleware-request-${name}`) ?? ""]),
  )
}

function nonceOf(policy: string | null): string | undefined {
  return /'nonce-([^']+)'/.exec(policy ?? "")?.[1]
}

const kinds = {
  "a page load": { headers: { accept: HTML, "sec-fetch-dest": "document" } },
  "a page load in a frame": { headers: { accept: HTML, "sec-fetch-dest": "iframe" } },
  "a page load without Sec-Fetch headers": { headers: { accept: HTML } },
  "a form submission": {
    method: "POST",
    headers: { accept: HTML, "sec-fetch-dest": "document", referer: `${HTTP}/dashboard?tab=1` },
  },
  "a fetch": { headers: { accept: "*/*", "sec-fetch-dest": "empty" } },
  "a fetch that accepts HTML": { headers: { accept: HTML, "sec-fetch-dest": "empty" } },
  "a fetch by Next's router": {
    path: "/dashboard?tab=1&_rsc=1a2b3",
    headers: { accept: "*/*", "sec-fetch-dest": "empty", rsc: "1" },
  },
  "a prefetch by Next's router": { headers: { "sec-fetch-dest": "empty", "next-router-prefetch": "1" } },
  "a prefetch by the browser": { headers: { accept: HTML, "sec-fetch-dest": "document", "sec-purpose": "prefetch" } },
  "a prerender by the browser": {
    headers: { accept: HTML, "sec-fetch-dest": "document", "sec-purpose": "prefetch;prerender" },
  },
  "a prefetch by an older browser": { headers: { accept: HTML, purpose: "prefetch" } },
  "a request without headers": {},
  "a POST by a fetch": {
    method: "POST",
    headers: { accept: "*/*", "sec-fetch-dest": "empty", referer: `${HTTP}/dashboard?tab=1` },
  },
} satisfies Record<string, RequestOptions>

/** Values of `sec-fetch-dest` for files that a page loads. */
const subresources = ["image", "style", "script", "font", "manifest", "serviceworker", "object"]

const pages = [
  "a page load",
  "a page load in a frame",
  "a page load without Sec-Fetch headers",
  "a form submission",
] as const
const fetches = Object.keys(kinds).filter(
  (kind): kind is Exclude<keyof typeof kinds, (typeof pages)[number]> => !(pages as readonly string[]).includes(kind),
)
const encodedReturnTo = (kind: string): string =>
  encodeURIComponent(
    `${HTTP}/dashboard${["a form submission", "a POST by a fetch", "a fetch by Next's router"].includes(kind) ? "?tab=1" : ""}`,
  )

describe("refuse", () => {
  describe.each(pages)("with %s", (kind) => {
    test("redirects a signed-out visitor to Ory's login, which returns to the page", () => {
      const response = app.gate.refuse(gateRequest(kinds[kind]), anonymous)
      expect(response.status).toBe(303)
      expect(response.headers.get("location")).toBe(
        `${oryUrl}/self-service/login/browser?return_to=${encodedReturnTo(kind)}`,
      )
    })

    test("redirects a user without the required second factor to Ory's second-factor login", () => {
      const response = app.gate.refuse(gateRequest(kinds[kind]), aal2)
      expect(response.status).toBe(303)
      expect(response.headers.get("location")).toBe(
        `${oryUrl}/self-service/login/browser?aal=aal2&return_to=${encodedReturnTo(kind)}`,
      )
    })

    test("redirects a user without the required recent sign-in to Ory's login, which asks for it", () => {
      const response = app.gate.refuse(gateRequest(kinds[kind]), refresh)
      expect(response.status).toBe(303)
      expect(response.headers.get("location")).toBe(
        `${oryUrl}/self-service/login/browser?refresh=true&return_to=${encodedReturnTo(kind)}`,
      )
    })

    if (kind !== "a form submission")
      test("shows the outage page with 503 at the requested URL while Ory is unavailable", () => {
        const response = app.gate.refuse(gateRequest(kinds[kind]), unavailable)
        expect(response.status).toBe(503)
        expect(response.headers.get("x-middleware-rewrite")).toBe(`${HTTP}/unavailable`)
        const policy = response.headers.get("content-security-policy")
        expect(policy).toContain("'strict-dynamic'")
        expect(response.headers.get("x-middleware-request-content-security-policy")).toBe(policy)
        expect(response.headers.get("location")).toBeNull()
      })
  })

  test("redirects a form submission to the form's page while Ory is unavailable", () => {
    const response = app.gate.refuse(gateRequest(kinds["a form submission"]), unavailable)
    expect([response.status, response.headers.get("location")]).toEqual([303, `${HTTP}/dashboard?tab=1`])
    expect(response.headers.get("set-cookie")).toBeNull()
  })

  describe.each(fetches)("with %s", (kind) => {
    test("redirects a signed-out visitor to this app's login page", () => {
      const response = app.gate.refuse(gateRequest(kinds[kind]), anonymous)
      expect(response.status).toBe(303)
      expect(response.headers.get("location")).toBe(`${HTTP}/auth/login?return_to=${encodedReturnTo(kind)}`)
    })

    test("redirects a user without the required second factor to this app's login page", () => {
      const response = app.gate.refuse(gateRequest(kinds[kind]), aal2)
      expect(response.status).toBe(303)
      expect(response.headers.get("location")).toBe(`${HTTP}/auth/login?aal=aal2&return_to=${encodedReturnTo(kind)}`)
    })

    test("redirects a user without the required recent sign-in to this app's login page", () => {
      const response = app.gate.refuse(gateRequest(kinds[kind]), refresh)
      expect(response.status).toBe(303)
      expect(response.headers.get("location")).toBe(
        `${HTTP}/auth/login?refresh=true&return_to=${encodedReturnTo(kind)}`,
      )
    })

    test("returns an empty 503 response while Ory is unavailable", async () => {
      const response = app.gate.refuse(gateRequest(kinds[kind]), unavailable)
      expect(response.status).toBe(503)
      expect(response.headers.get("x-middleware-rewrite")).toBeNull()
      expect(response.headers.get("location")).toBeNull()
      expect(await response.text()).toBe("")
    })
  })

  describe.each(subresources)("with a subresource request (%s)", (destination) => {
    test.each([
      [anonymous, 401],
      [aal2, 403],
      [refresh, 403],
      [unavailable, 503],
    ])("returns a status without a redirect for the outcome %s", async (verdict, status) => {
      const response = app.gate.refuse(
        gateRequest({ path: "/logo.png", headers: { "sec-fetch-dest": destination } }),
        verdict,
      )
      expect(response.status).toBe(status)
      expect(response.headers.get("location")).toBeNull()
      expect(response.headers.get("x-middleware-rewrite")).toBeNull()
      expect(response.headers.get("cache-control")).toBe("private, no-store")
      expect(await response.text()).toBe("")
    })
  })

  test.each([
    [
      "development",
      [
        "/logo.png needs a session, so a signed-out request for it (image) got 401. To serve it without a session, put the file into public/, or list the path in lib/routes.ts.",
      ],
    ],
    ["production", []],
  ])("in %s, logs these explanations for refused subresources: %j", async (mode, expected) => {
    const warn = vi.spyOn(console, "warn").mockReturnValue()
    const { gate } = await withEnv({ NODE_ENV: mode })
    const image = gateRequest({ path: "/logo.png?v=2", headers: { "sec-fetch-dest": "image" } })
    for (const verdict of [unavailable, aal2, anonymous, anonymous]) gate.refuse(image, verdict)
    gate.refuse(gateRequest({ path: "/dashboard", headers: { "sec-fetch-dest": "document" } }), anonymous)
    gate.refuse(gateRequest({ path: "/dashboard", headers: { "sec-fetch-dest": "empty" } }), anonymous)
    expect(warn.mock.calls.flat()).toEqual(expected)
    warn.mockRestore()
  })

  describe.each(Object.entries(kinds))("with %s to an API path", (_kind, kind: RequestOptions) => {
    test.each([
      [anonymous, 401, "unauthenticated", "There is no valid session. Sign in first.", ""],
      [aal2, 403, "session_aal2_required", "This requires a second factor. Sign in with it first.", "aal=aal2&"],
      [
        refresh,
        403,
        "session_refresh_required",
        "This requires a recent sign-in. Sign in again first.",
        "refresh=true&",
      ],
      [unavailable, 503, "ory_unavailable", "The session could not be checked. Try again.", null],
    ])("returns a JSON error for the outcome %s", async (verdict, status, code, message, query) => {
      const referer = `${HTTP}/account?tab=1`
      const headers = { ...kind.headers, referer }
      const response = app.gate.refuse(gateRequest({ ...kind, headers, path: "/api/me" }), verdict)
      expect(response.status).toBe(status)
      expect(response.headers.get("content-type")).toBe("application/json")
      expect(response.headers.get("location")).toBeNull()
      expect(response.headers.get("x-middleware-rewrite")).toBeNull()
      const login = `${oryUrl}/self-service/login/browser?${query}return_to=${encodeURIComponent(referer)}`
      expect(await response.json()).toEqual({ error: { code, message, location: query === null ? null : login } })
    })
  })

  const combinations = Object.entries(kinds).flatMap(([kind, options]: [string, RequestOptions]) =>
    ["/dashboard", "/api/me"].flatMap((path) =>
      [anonymous, aal2, unavailable].map((outcome) => ({ kind, path, outcome, options })),
    ),
  )

  test.each(combinations)(
    "forbids caching and framing, and sets no session cookie, for $kind to $path with the outcome $outcome",
    ({ kind, options, path, outcome }) => {
      const { headers } = app.gate.refuse(gateRequest({ ...options, path }), outcome)
      expect(headers.get("cache-control")).toBe("private, no-store")
      expect(headers.get("retry-after")).toBe(outcome === "unavailable" ? "5" : null)
      const countsRedirect =
        outcome === "anonymous" && path === "/dashboard" && (pages as readonly string[]).includes(kind)
      expect(headers.getSetCookie()).toEqual(
        countsRedirect ? ["login_redirects=1; Path=/; Max-Age=10; HttpOnly; SameSite=Lax"] : [],
      )
      expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'")
      expect(headers.get("content-security-policy")).toContain(`form-action 'self' ${oryUrl}`)
      expect(headers.get("strict-transport-security")).toBeNull()
      expect(headers.get("x-middleware-next")).toBeNull()
    },
  )

  test.each([
    ["the first redirect", "a=b", false, 1],
    ["the second redirect", "login_redirects=1", false, 2],
    ["the third redirect", "a=b; login_redirects=2", true, 3],
    ["the fourth redirect", "login_redirects=3; a=b", true, 3],
    ["a redirect with an invalid count", "login_redirects=-9", false, 1],
    ["a redirect with the count cookie for https", "__Host-login_redirects=2", false, 1],
  ])("counts %s to Ory's login, and returns through /auth/no-session after too many", (_what, cookie, ends, count) => {
    const { headers } = app.gate.refuse(
      gateRequest({ path: "/dashboard?a=1&b=2", headers: { accept: HTML, cookie } }),
      anonymous,
    )
    const returnTo = new URL(headers.get("location") ?? "").searchParams.get("return_to")
    const page = `${HTTP}/dashboard?a=1&b=2`
    expect(returnTo).toBe(ends ? `${HTTP}/auth/no-session?return_to=${encodeURIComponent(page)}` : page)
    expect(headers.get("set-cookie")).toBe(`login_redirects=${count}; Path=/; Max-Age=10; HttpOnly; SameSite=Lax`)
  })

  test("counts redirects in a __Host- cookie on https", () => {
    const { headers } = app.gate.refuse(
      gateRequest({ headers: { accept: HTML, cookie: "__Host-login_redirects=2" }, appUrl: HTTPS }),
      anonymous,
    )
    expect(headers.get("set-cookie")).toBe(
      "__Host-login_redirects=3; Path=/; Max-Age=10; HttpOnly; SameSite=Lax; Secure",
    )
  })

  test.each([anonymous, aal2, unavailable])(
    "on https, sends Strict-Transport-Security and returns to https for the outcome %s",
    (outcome) => {
      const response = app.gate.refuse(gateRequest({ headers: { accept: HTML }, appUrl: HTTPS }), outcome)
      expect(response.headers.get("strict-transport-security")).toBe("max-age=63072000")
      if (outcome !== "unavailable")
        expect(new URL(response.headers.get("location") ?? "").searchParams.get("return_to")).toBe(`${HTTPS}/dashboard`)
    },
  )

  test.each([
    ["GET", "/reports?year=2030&q=a%26b", undefined, "/reports?year=2030&q=a%26b"],
    ["HEAD", "/reports", undefined, "/reports"],
    ["GET", "/reports//x", undefined, "/dashboard"],
    ["GET", "/%2fevil.example", undefined, "/dashboard"],
    ["POST", "/reports", `${HTTP}/account?tab=1`, "/account?tab=1"],
    ["DELETE", "/reports", `${HTTP}/account`, "/account"],
    ["POST", "/reports", "https://evil.example/account", "/dashboard"],
    ["POST", "/reports", `${HTTP}/auth/login`, "/dashboard"],
    ["POST", "/reports", undefined, "/dashboard"],
  ])("after sign-in, sends a %s of %s with the referrer %s to %s", (method, path, referer, page) => {
    const response = app.gate.refuse(
      gateRequest({ method, path, headers: { accept: HTML, ...(referer === undefined ? {} : { referer }) } }),
      anonymous,
    )
    expect(new URL(response.headers.get("location") ?? "").searchParams.get("return_to")).toBe(HTTP + page)
  })
})

const FORGED = {
  "x-session-handoff": "forged",
  "x-request-path": "/forged",
  "x-nonce": "forged",
  "content-security-policy": "script-src 'nonce-forged'",
}

describe("passPublic", () => {
  test.each(["/", "/api/health", "/robots.txt"])(
    "passes the static page %s without a nonce, a cookie or a cache header",
    (path) => {
      const response = app.gate.passPublic(gateRequest({ path, headers: { cookie: COOKIE } }))
      const headers = forwardedHeaders(response)
      expect(headers.get("x-nonce")).toBeNull()
      expect(headers.get("content-security-policy")).toBeNull()
      expect(response.headers.get("content-security-policy")).toContain("script-src 'self' 'unsafe-inline';")
      expect(response.headers.get("cache-control")).toBeNull()
      expect(response.headers.get("set-cookie")).toBeNull()
      expect(response.headers.get("server-timing")).toBeNull()
    },
  )

  test("passes /auth/login with a new nonce for each request, the same for page and browser", () => {
    const nonces = new Set<string>()
    for (let times = 0; times < 5; times++) {
      const response = app.gate.passPublic(gateRequest({ path: "/auth/login" }))
      const headers = forwardedHeaders(response)
      const nonce = headers.get("x-nonce")
      expect(nonce).toMatch(/^[\w+/=]{40,}$/)
      expect(nonceOf(headers.get("content-security-policy"))).toBe(nonce)
      expect(nonceOf(response.headers.get("content-security-policy"))).toBe(nonce)
      expect(response.headers.get("content-security-policy")).not.toContain("script-src 'self'")
      nonces.add(String(nonce))
    }
    expect(nonces.size).toBe(5)
  })

  test.each(["/", "/auth/login"])("drops forged gate headers on %s", (path) => {
    const response = app.gate.passPublic(gateRequest({ path, headers: { ...FORGED, "x-other": "kept" } }))
    expect([...forwardedHeaders(response).values()].filter((value) => value.includes("forged"))).toEqual([])
    expect(forwardedHeaders(response).get("x-session-handoff")).toBeNull()
    expect(forwardedHeaders(response).get("x-request-path")).toBeNull()
    expect(forwardedHeaders(response).get("x-other")).toBe("kept")
  })

  describe("for a file in public/", () => {
    beforeEach(async () => {
      vi.doMock("@/lib/public-files", () => ({
        publicFile: (path: string) => (path === "/a%20b.png" ? path : undefined),
      }))
      app = await withEnv()
    })
    afterEach(() => {
      vi.doUnmock("@/lib/public-files")
    })

    test.each(["/a%20b.png", "/a%20b.png?v=2", "/a%20b.png?_rsc=1"])(
      "serves %s by a rewrite to the file, without a request to Ory, a handoff or a cookie",
      async (path) => {
        const response = await app.middleware(makeRequest({ path, headers: { ...FORGED, cookie: COOKIE } }))
        expect(response.headers.get("x-middleware-rewrite")).toBe(`${HTTP}/a%20b.png`)
        expect(response.headers.get("x-middleware-request-x-session-handoff")).toBeNull()
        expect(response.headers.getSetCookie()).toEqual([])
        expect(response.headers.get("content-security-policy")).toContain("frame-ancestors 'none'")
        expect(requestsToOry).toEqual([])
      },
    )

    test.each(["POST", "PUT", "DELETE", "OPTIONS"])("refuses %s with 405", async (method) => {
      const response = await app.middleware(
        makeRequest({ path: "/a%20b.png", method, headers: { "next-action": "1a2b3" } }),
      )
      expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"])
    })

    test.each(["/a%20b.png/", "/a%20b.png/x", "/a%20b", "/b.png"])(
      "requires a session for %s, which is another path",
      async (path) => {
        expect((await app.middleware(makeRequest({ path, headers: { accept: HTML } }))).status).toBe(303)
      },
    )
  })

  test.each([
    [HTTP, null],
    [HTTPS, "max-age=63072000"],
  ])("at %s, sets Strict-Transport-Security to %s", (appUrl, value) => {
    const response = app.gate.passPublic(gateRequest({ path: "/", appUrl }))
    expect(response.headers.get("strict-transport-security")).toBe(value)
  })
})

describe("pass", () => {
  const sessionCheck = (more: Partial<SessionCheck> = {}): SessionCheck => ({
    verdict: active,
    source: "ory",
    start: performance.now(),
    ...more,
  })

  /** The Set-Cookie headers that set or delete the snapshot. */
  const snapshotCookies = (response: NextResponse): string[] =>
    response.headers.getSetCookie().filter((cookie) => cookie.includes("session_snapshot="))

  /** A request that carries this snapshot. */
  const requestWithSnapshot = (snapshot: string | undefined, cookie: string): GateRequest =>
    gateRequest({ headers: { cookie: `${snapshot?.split(";", 1)[0] ?? ""}; ${cookie}` } })

  test("hands the verdict to the page, sealed for the request's cookies", async () => {
    const headers = forwardedHeaders(await app.gate.pass(gateRequest(), sessionCheck()))
    const handoff = headers.get("x-session-handoff") ?? ""
    expect(await app.sealed.open("handoff", handoff, COOKIE, HTTP)).toEqual(active)
    expect(await app.sealed.open("handoff", handoff, "ory_kratos_session=two", HTTP)).toBeUndefined()
  })

  test("overwrites forged gate headers", async () => {
    for (const source of ["ory", "snapshot"] as const) {
      const headers = forwardedHeaders(
        await app.gate.pass(gateRequest({ path: "/dashboard?tab=1", headers: FORGED }), sessionCheck({ source })),
      )
      expect([...headers.values()].filter((value) => value.includes("forged"))).toEqual([])
      expect(headers.get("x-request-path")).toBe("/dashboard?tab=1")
      expect(headers.get("x-nonce")).toBe(nonceOf(headers.get("content-security-policy")))
    }
  })

  test("sends no handoff without a secret, and drops a forged one", async () => {
    const { gate } = await withEnv({ SESSION_SECRET: "" })
    const response = await gate.pass(gateRequest({ headers: FORGED }), sessionCheck())
    expect(forwardedHeaders(response).get("x-session-handoff")).toBeNull()
    expect(snapshotCookies(response)).toEqual([])
  })

  test.each([
    ["GET", "/dashboard?tab=1", {}, "/dashboard?tab=1"],
    ["GET", "/dashboard?tab=1&_rsc=1a2b3", {}, "/dashboard?tab=1"],
    ["POST", "/dashboard?tab=1", { "next-action": "1a2b3", referer: `${HTTP}/elsewhere` }, "/dashboard?tab=1"],
    ["POST", "/delete", { referer: `${HTTP}/account?tab=1` }, "/account?tab=1"],
    ["POST", "/delete", { referer: "https://evil.example/" }, "/dashboard"],
    ["GET", "//evil.example", {}, "/dashboard"],
    ["GET", "/%2fevil.example", {}, "/dashboard"],
  ])("for %s %s with %j, sets x-request-path to %s", async (method, path, headers, expected) => {
    expect(
      forwardedHeaders(await app.gate.pass(gateRequest({ method, path, headers }), sessionCheck())).get(
        "x-request-path",
      ),
    ).toBe(expected)
  })

  test("forbids caching, and allows scripts only by nonce", async () => {
    for (const source of ["ory", "snapshot"] as const) {
      const response = await app.gate.pass(gateRequest(), sessionCheck({ source }))
      expect(response.headers.get("cache-control")).toBe("private, no-store")
      expect(nonceOf(response.headers.get("content-security-policy"))).toBe(forwardedHeaders(response).get("x-nonce"))
      expect(response.headers.get("content-security-policy")).not.toContain("script-src 'self'")
    }
  })

  test("reports the session's source and the duration in Server-Timing", async () => {
    for (const source of ["ory", "snapshot"] as const) {
      const response = await app.gate.pass(gateRequest(), sessionCheck({ source, start: performance.now() - 120 }))
      const [, desc, dur] = /^session;desc=(\w+);dur=(\d+\.\d)$/.exec(response.headers.get("server-timing") ?? "") ?? []
      expect(desc).toBe(source)
      expect(Number(dur)).toBeGreaterThanOrEqual(120)
      expect(Number(dur)).toBeLessThan(1000)
    }
  })

  test("sends Ory's cookies to the browser in separate headers, before the snapshot", async () => {
    const setCookies = [
      "ory_kratos_session=new; Path=/; Expires=Wed, 02 Jan 2030 11:00:00 GMT; HttpOnly",
      "csrf_token_1=b; Path=/",
    ]
    const response = await app.gate.pass(gateRequest(), sessionCheck({ setCookies }))
    expect(response.headers.getSetCookie()).toEqual([...setCookies, expect.stringMatching(/^session_snapshot=.+/)])
  })

  test.each(["GET", "HEAD"])("sets a snapshot on %s that opens only with the request's cookies", async (method) => {
    const [snapshot, ...others] = snapshotCookies(await app.gate.pass(gateRequest({ method }), sessionCheck()))
    expect(others).toEqual([])
    expect(snapshot).toMatch(/^session_snapshot=[\w.-]+; Path=\/; Max-Age=30; HttpOnly; SameSite=Lax$/)
    expect(await app.sealed.openSnapshot(requestWithSnapshot(snapshot, COOKIE))).toEqual(active)
    expect(await app.sealed.openSnapshot(requestWithSnapshot(snapshot, "ory_kratos_session=two"))).toBeUndefined()
  })

  test("sets a Secure __Host- cookie on https", async () => {
    const response = await app.gate.pass(gateRequest({ appUrl: HTTPS }), sessionCheck())
    expect(snapshotCookies(response)).toEqual([
      expect.stringMatching(/^__Host-session_snapshot=[\w.-]+; Path=\/; Max-Age=30; HttpOnly; SameSite=Lax; Secure$/),
    ])
  })

  test.each([
    ["POST", "/dashboard"],
    ["PUT", "/dashboard"],
    ["PATCH", "/dashboard"],
    ["DELETE", "/dashboard"],
    ["OPTIONS", "/dashboard"],
    ["GET", "/account"],
    ["HEAD", "/account"],
    ["GET", "/account/settings"],
    ["POST", "/account"],
  ])("deletes the snapshot on %s %s, because the session may change", async (method, path) => {
    expect(snapshotCookies(await app.gate.pass(gateRequest({ method, path }), sessionCheck()))).toEqual([
      DELETED_SNAPSHOT,
    ])
  })

  test("keeps a valid snapshot for the page, and sets no new snapshot or handoff", async () => {
    const cookie = `${COOKIE}; session_snapshot=x; theme=dark`
    const response = await app.gate.pass(
      gateRequest({ headers: { cookie, ...FORGED } }),
      sessionCheck({ source: "snapshot" }),
    )
    expect(response.headers.getSetCookie()).toEqual([])
    expect(forwardedHeaders(response).get("cookie")).toBe(cookie)
    expect(forwardedHeaders(response).get("x-session-handoff")).toBeNull()
  })

  test("hides an unused snapshot from the page when the session comes from Ory", async () => {
    const response = await app.gate.pass(
      gateRequest({ headers: { cookie: `a=b; session_snapshot=x; ${COOKIE}` } }),
      sessionCheck(),
    )
    expect(forwardedHeaders(response).get("cookie")).toBe(`a=b; ${COOKIE}`)
  })

  test("sends a handoff but no snapshot with SESSION_CACHE_SECONDS=0", async () => {
    const { gate, sealed } = await withEnv({ SESSION_CACHE_SECONDS: "0" })
    const response = await gate.pass(gateRequest(), sessionCheck())
    expect(snapshotCookies(response)).toEqual([])
    expect(
      await sealed.open("handoff", forwardedHeaders(response).get("x-session-handoff") ?? "", COOKIE, HTTP),
    ).toEqual(active)
  })

  test("sends a handoff but no snapshot for a session that is too large for a cookie", async () => {
    const verdict: Verdict = {
      outcome: "active",
      session: { ...session, identity: { id: "1", traits: { email: "x".repeat(4000) }, verified: true } },
    }
    const response = await app.gate.pass(gateRequest(), sessionCheck({ verdict }))
    expect(snapshotCookies(response)).toEqual([])
    expect(
      await app.sealed.open("handoff", forwardedHeaders(response).get("x-session-handoff") ?? "", COOKIE, HTTP),
    ).toEqual(verdict)
  })

  test("lets pages call the APIs in API_ORIGINS, and no others", async () => {
    const { gate } = await withEnv({ API_ORIGINS: "https://api.example.com,http://localhost:3001" })
    const policy = (await gate.pass(gateRequest(), sessionCheck())).headers.get("content-security-policy") ?? ""
    expect(policy).toContain(`connect-src 'self' ${oryUrl} https://api.example.com http://localhost:3001;`)
    const usual = (await app.gate.pass(gateRequest(), sessionCheck())).headers.get("content-security-policy") ?? ""
    expect(usual).toContain(`connect-src 'self' ${oryUrl};`)
  })

  test("takes a native client's token for /api, and sends it no snapshot and no cookie", async () => {
    const headers = { cookie: "", "x-session-token": "ory_st_abc" }
    const request = gateRequest({ path: "/api/me", headers })
    expect(app.gate.mayUseSnapshot(request)).toBe(false)
    const response = await app.gate.pass(request, sessionCheck({ setCookies: ["ory_kratos_session=new"] }))
    expect(response.headers.getSetCookie()).toEqual([])
    expect(forwardedHeaders(response).get("x-session-token")).toBe("ory_st_abc")
    const handoff = forwardedHeaders(response).get("x-session-handoff") ?? ""
    expect(await app.sealed.open("handoff", handoff, request.credential, HTTP)).toEqual(active)
    expect(await app.sealed.open("handoff", handoff, "ory_st_abc", HTTP)).toBeUndefined()
    expect(await app.sealed.open("handoff", handoff, "", HTTP)).toBeUndefined()
  })

  test.each([
    ["on a page", { path: "/dashboard", headers: { cookie: "", "x-session-token": "ory_st_abc" } }],
    ["besides a session cookie", { path: "/api/me", headers: { cookie: COOKIE, "x-session-token": "ory_st_abc" } }],
    ["that is no token", { path: "/api/me", headers: { cookie: "", "x-session-token": "a, b" } }],
  ])("drops a session token %s", async (_, options) => {
    const request = gateRequest(options)
    expect(request.credential).toBe(options.headers.cookie)
    const response = await app.gate.pass(request, sessionCheck())
    expect(forwardedHeaders(response).get("x-session-token")).toBeNull()
  })

  test.each([anonymous, aal2, unavailable])(
    "passes a server action with the outcome %s, and sets no cookie",
    async (outcome) => {
      const verdict = { outcome }
      const headers = { "next-action": "1a2b3", cookie: COOKIE }
      const response = await app.gate.pass(
        gateRequest({ method: "POST", headers }),
        sessionCheck({ verdict, setCookies: ["ory_kratos_session=; Max-Age=0"] }),
      )
      expect(
        await app.sealed.open("handoff", forwardedHeaders(response).get("x-session-handoff") ?? "", COOKIE, HTTP),
      ).toEqual(verdict)
      expect(response.headers.getSetCookie()).toEqual([])
    },
  )
})

describe("the middleware", () => {
  const page = { accept: HTML, "sec-fetch-dest": "document", host: "localhost:3000" }

  /** The snapshot cookie that a first page view sets. */
  async function getSnapshotCookie(cookie = COOKIE): Promise<string> {
    const response = await app.middleware(makeRequest({ headers: { ...page, cookie } }))
    const pair = response.headers.getSetCookie().at(-1)?.split(";", 1)[0] ?? ""
    expect(pair).toMatch(/^session_snapshot=.+/)
    requestsToOry = []
    return pair
  }

  const revoked = json(401, { error: { code: 401 } })

  test.each([
    "/",
    "/unavailable",
    "/auth/login?flow=1",
    "/auth/error?id=1",
    "/auth/sign-out",
    "/api/health",
    "/api/refresh-session",
    "/robots.txt",
  ])("passes the public path %s without a request to Ory", async (path) => {
    const response = await app.middleware(makeRequest({ path, headers: { ...page, ...FORGED, cookie: COOKIE } }))
    expect(forwardedHeaders(response).get("x-session-handoff")).toBeNull()
    expect(response.headers.getSetCookie()).toEqual([])
    expect(requestsToOry).toEqual([])
  })

  test.each([
    "/dashboard",
    "/account",
    "/nowhere",
    "/api/me",
    "/auth",
    "/authors",
    "/AUTH/login",
    "//auth/login",
    "/%61uth/login",
    "/auth%2flogin",
    "/robots.txt/x",
    "/_next/data/x/dashboard.json",
  ])("refuses a signed-out visitor on the protected path %s without a request to Ory", async (path) => {
    const response = await app.middleware(makeRequest({ path, headers: { ...page, ...FORGED, cookie: "theme=dark" } }))
    expect([303, 401]).toContain(response.status)
    expect(response.headers.get("x-middleware-next")).toBeNull()
    expect(requestsToOry).toEqual([])
  })

  test("passes a request with an active session, and sends only Ory's cookies to Ory, once", async () => {
    const response = await app.middleware(
      makeRequest({ headers: { ...page, cookie: `theme=dark; ${COOKIE}; csrf_token_1=a; session_snapshot=x` } }),
    )
    expect(forwardedHeaders(response).get("cookie")).toBe(`theme=dark; ${COOKIE}; csrf_token_1=a`)
    expect(response.headers.get("server-timing")).toContain("desc=ory")
    expect(requestsToOry.map(({ url, headers }) => [url, headers.cookie])).toEqual([["/sessions/whoami", COOKIE]])
  })

  test.each([
    [
      "one cookie",
      ["ory_kratos_session=longer; Path=/; Expires=Wed, 02 Jan 2030 11:00:00 GMT; HttpOnly; SameSite=Lax"],
    ],
    ["two cookies", ["ory_kratos_session=longer; Path=/", "csrf_token_1=b; Path=/"]],
  ])("passes %s set by Ory on to the browser", async (_many, cookies) => {
    respond = json(200, { ...session, active: true }, { "set-cookie": cookies })
    const response = await app.middleware(makeRequest({ headers: { ...page, cookie: COOKIE } }))
    expect(response.headers.getSetCookie().slice(0, -1)).toEqual(cookies)
  })

  test("binds the snapshot to the cookie that Ory renews with the same response", async () => {
    respond = json(200, { ...session, active: true }, { "set-cookie": "ory_kratos_session=renewed; Path=/" })
    const snapshot = await getSnapshotCookie()
    await app.middleware(makeRequest({ headers: { ...page, cookie: `ory_kratos_session=renewed; ${snapshot}` } }))
    expect(requestsToOry).toEqual([])
    await app.middleware(makeRequest({ headers: { ...page, cookie: `${COOKIE}; ${snapshot}` } }))
    expect(requestsToOry).toHaveLength(1)
  })

  test.each([
    ["a page", false, {}],
    ["a sensitive path", true, { path: "/account" }],
    ["another method", true, { method: "POST" }],
  ])("for %s, bypasses the cache of Ory Network: %s", async (_what, fresh, options: RequestOptions) => {
    await app.middleware(makeRequest({ ...options, headers: { ...page, cookie: COOKIE } }))
    expect(requestsToOry.map(({ headers }) => headers["cache-control"] === "max-age=0")).toEqual([fresh])
  })

  test("sends one request to Ory for twenty parallel reads with one cookie, and one for each write", async () => {
    app = await withEnv({ SESSION_SECRET: "" })
    const send = (options: RequestOptions): Promise<NextResponse> =>
      app.middleware(makeRequest({ ...options, headers: { ...page, cookie: COOKIE } }))
    for (const path of ["/dashboard", "/account", "/api/me"]) {
      requestsToOry = []
      const responses = await Promise.all(Array.from({ length: 20 }, () => send({ path })))
      for (const response of responses) forwardedHeaders(response)
      expect([path, requestsToOry.length]).toEqual([path, 1])
      await Promise.all([send({ path }), send({ path, method: "POST" }), send({ path, method: "DELETE" })])
      expect([path, requestsToOry.length]).toEqual([path, 4])
    }
  })

  test("after Ory refused a cookie, calls Ory again for pages, but not for API requests and sub-resources", async () => {
    respond = revoked
    const status = async (headers: Record<string, string>, path = "/dashboard"): Promise<number> =>
      (await app.middleware(makeRequest({ path, headers: { host: "localhost:3000", cookie: COOKIE, ...headers } })))
        .status
    expect(await status(page)).toBe(303)
    expect(await status({ "sec-fetch-dest": "image" })).toBe(401)
    expect(await status({ accept: "*/*" }, "/api/me")).toBe(401)
    expect(requestsToOry).toHaveLength(1)
    expect(await status(page)).toBe(303)
    expect(await status({ "sec-fetch-dest": "empty" })).toBe(303)
    expect(requestsToOry).toHaveLength(3)
  })

  test.each(["/auth/login?flow=1", "/auth/verification?flow=1", "/auth/error?id=1", "/auth/sign-out"])(
    "ends the snapshot on %s, where the session may change",
    async (path) => {
      const response = await app.middleware(
        makeRequest({ path, headers: { ...page, cookie: `${COOKIE}; session_snapshot=x` } }),
      )
      expect(response.headers.getSetCookie()).toEqual([DELETED_SNAPSHOT])
      expect(response.headers.get("cache-control")).toBe("private, no-store")
    },
  )

  test.each(["/", "/unavailable", "/api/health"])("keeps the snapshot on %s", async (path) => {
    const response = await app.middleware(
      makeRequest({ path, headers: { ...page, cookie: `${COOKIE}; session_snapshot=x` } }),
    )
    expect(response.headers.getSetCookie()).toEqual([])
  })

  describe("with sliding sessions", () => {
    const HOUR = 3_600_000
    const endingIn = (left: number): RequestListener => {
      const expires_at = new Date(Date.now() + left).toISOString()
      return json(200, { ...session, expires_at, active: true, issued_at: session.authenticated_at })
    }
    const snapshotSeconds = (response: NextResponse): number =>
      Number(/^session_snapshot=[^;]+; Path=\/; Max-Age=(\d+)/.exec(response.headers.getSetCookie().at(-1) ?? "")?.[1])

    beforeEach(async () => {
      app = await withEnv({ ORY_ADMIN_URL: oryUrl, SESSION_EXTEND_BELOW: "1h" })
    })

    test("extends a session in the window, and passes Ory's new cookie to the browser with the same response", async () => {
      respond = (request, response) => {
        const calls = requestsToOry.length
        if (calls === 1) endingIn(HOUR - 1000)(request, response)
        else if (calls === 2) response.writeHead(204).end()
        else {
          response.setHeader("set-cookie", "ory_kratos_session=renewed; Path=/")
          endingIn(24 * HOUR)(request, response)
        }
      }
      const response = await app.middleware(makeRequest({ headers: { ...page, cookie: COOKIE } }))
      expect(response.headers.getSetCookie()[0]).toBe("ory_kratos_session=renewed; Path=/")
      expect(requestsToOry.map(({ method, url }) => `${method} ${url}`)).toEqual([
        "GET /sessions/whoami",
        `PATCH /admin/sessions/${session.id}/extend`,
        "GET /sessions/whoami",
      ])
      expect(snapshotSeconds(response)).toBe(30)
    })

    test("ends a snapshot when the session enters the window", async () => {
      respond = endingIn(HOUR + 10_500)
      const response = await app.middleware(makeRequest({ headers: { ...page, cookie: COOKIE } }))
      expect(snapshotSeconds(response)).toBeGreaterThanOrEqual(9)
      expect(snapshotSeconds(response)).toBeLessThanOrEqual(11)
    })

    test("sets no snapshot in the window for a request that does not extend the session", async () => {
      respond = endingIn(HOUR - 1000)
      const response = await app.middleware(makeRequest({ path: "/api/me", headers: { ...page, cookie: COOKIE } }))
      expect(response.headers.getSetCookie()).toEqual([])
      expect(requestsToOry).toHaveLength(1)
    })
  })

  test.each(["GET", "HEAD"])("passes %s with a snapshot without a request to Ory", async (method) => {
    const cookie = `${COOKIE}; ${await getSnapshotCookie()}`
    respond = revoked
    const response = await app.middleware(makeRequest({ method, headers: { ...page, cookie } }))
    expect(forwardedHeaders(response).get("cookie")).toBe(cookie)
    expect(response.headers.get("server-timing")).toContain("desc=snapshot")
    expect(requestsToOry).toEqual([])
  })

  test.each([
    ["another method", { method: "POST" }],
    ["an unknown method", { method: "PURGE" }],
    ["a sensitive path", { path: "/account" }],
    ["a path below a sensitive one", { path: "/account/settings?x=1" }],
  ])("checks the session with Ory despite a snapshot for %s", async (_what, options: RequestOptions) => {
    const cookie = `${COOKIE}; ${await getSnapshotCookie()}`
    respond = revoked
    const response = await app.middleware(makeRequest({ ...options, headers: { ...page, cookie } }))
    expect(response.status).toBe(303)
    expect(requestsToOry).toHaveLength(1)
  })

  test.each([
    ["another user's Ory cookie", (pair: string) => `ory_kratos_session=two; ${pair}`],
    ["an additional Ory cookie", (pair: string) => `${COOKIE}; ${pair}; ory_kratos_session=two`],
    ["a changed byte", (pair: string) => `${COOKIE}; ${pair.slice(0, -8)}AAAAAAAA`],
    ["the end cut off", (pair: string) => `${COOKIE}; ${pair.slice(0, -1)}`],
    ["an empty value", () => `${COOKIE}; session_snapshot=`],
    ["4 kB of junk", () => `${COOKIE}; session_snapshot=${"A".repeat(4096)}`],
    ["another name", (pair: string) => `${COOKIE}; __Host-${pair}`],
  ])("ignores a snapshot with %s and checks the session with Ory", async (_what, header) => {
    const cookie = header(await getSnapshotCookie())
    respond = revoked
    expect((await app.middleware(makeRequest({ headers: { ...page, cookie } }))).status).toBe(303)
    expect(requestsToOry).toHaveLength(1)
  })

  test("ignores a snapshot without an Ory cookie", async () => {
    const cookie = await getSnapshotCookie()
    expect((await app.middleware(makeRequest({ headers: { ...page, cookie } }))).status).toBe(303)
    expect(requestsToOry).toEqual([])
  })

  test("rejects a handoff used as a snapshot, and a snapshot used as a handoff", async () => {
    const pair = await getSnapshotCookie()
    const through = await app.middleware(makeRequest({ headers: { ...page, cookie: COOKIE } }))
    const handoff = forwardedHeaders(through).get("x-session-handoff") ?? ""
    expect(handoff).not.toBe("")
    respond = revoked
    const asCookie = await app.middleware(
      makeRequest({ headers: { ...page, cookie: `${COOKIE}; session_snapshot=${handoff}` } }),
    )
    expect(asCookie.status).toBe(303)
    const asHeader = await app.middleware(
      makeRequest({
        headers: { ...page, cookie: COOKIE, "x-session-handoff": pair.slice("session_snapshot=".length) },
      }),
    )
    expect(asHeader.status).toBe(303)
  })

  test("shows /auth/no-session with 401 and a nonce to a browser without a session", async () => {
    for (const [cookie, calls] of [
      ["", 0],
      [COOKIE, 1],
    ] as const) {
      requestsToOry = []
      respond = revoked
      const response = await app.middleware(
        makeRequest({ path: "/auth/no-session?return_to=%2Fdashboard", headers: { ...page, cookie } }),
      )
      expect(response.status).toBe(401)
      expect(new URL(response.headers.get("x-middleware-rewrite") ?? "").pathname).toBe("/auth/no-session")
      expect(nonceOf(response.headers.get("content-security-policy"))).toMatch(/.{20}/)
      expect(response.headers.getSetCookie()).toEqual([])
      expect(requestsToOry).toHaveLength(calls)
    }
  })

  test("redirects /auth/no-session to its page with an active session, and to login if a second factor is required", async () => {
    const target = `${HTTP}/account?tab=1`
    const path = `/auth/no-session?return_to=${encodeURIComponent(target)}`
    const location = async (): Promise<string | null> =>
      (await app.middleware(makeRequest({ path, headers: { ...page, cookie: COOKIE } }))).headers.get("location")
    expect(await location()).toBe(target)
    respond = json(403, { error: { id: "session_aal2_required" } })
    expect(await location()).toBe(
      `${oryUrl}/self-service/login/browser?aal=aal2&return_to=${encodeURIComponent(target)}`,
    )
  })

  describe("a flow page", () => {
    test.each([
      ["/auth/login", `login/browser?return_to=${encodeURIComponent(`${HTTP}/dashboard`)}`],
      [
        "/auth/login?return_to=/x&refresh=true",
        `login/browser?refresh=true&return_to=${encodeURIComponent(`${HTTP}/x`)}`,
      ],
      ["/auth/login?aal=aal2", `login/browser?return_to=${encodeURIComponent(`${HTTP}/dashboard`)}`],
      ["/auth/login?flow=1&flow=2", `login/browser?return_to=${encodeURIComponent(`${HTTP}/dashboard`)}`],
      [
        "/auth/registration?return_to=https://evil.example",
        `registration/browser?return_to=${encodeURIComponent(`${HTTP}/dashboard`)}`,
      ],
      ["/auth/recovery", `recovery/browser?return_to=${encodeURIComponent(`${HTTP}/dashboard`)}`],
      ["/auth/verification", `verification/browser?return_to=${encodeURIComponent(`${HTTP}/dashboard`)}`],
    ])(
      "redirects %s to Ory for clients without Sec-Fetch headers, without a request to Ory",
      async (path, location) => {
        const response = await app.middleware(makeRequest({ path, headers: { accept: HTML, host: page.host } }))
        expect([response.status, response.headers.get("location")]).toEqual([303, `${oryUrl}/self-service/${location}`])
        expect(response.headers.get("cache-control")).toBe("private, no-store")
        expect(requestsToOry).toEqual([])
      },
    )

    test("asks for the second factor only in a browser with a session", async () => {
      const headers = { ...page, cookie: COOKIE }
      await app.middleware(makeRequest({ path: "/auth/login?aal=aal2", headers }))
      await app.middleware(makeRequest({ path: "/auth/login?aal=aal2", headers: page }))
      expect(requestsToOry.map(({ url }) => url?.includes("aal=aal2"))).toEqual([true, false])
    })

    describe("that a browser loads without a flow", () => {
      const ID = "8a1c9a1e-5c3e-4a7e-9b1e-000000000000"
      const CSRF = "csrf_token_1=new; Path=/; HttpOnly; SameSite=Lax"
      const created = (...cookies: string[]): RequestListener => json(200, { id: ID }, { "set-cookie": cookies })
      const load = (path = "/auth/login", headers: Record<string, string> = {}): Promise<NextResponse> =>
        app.middleware(makeRequest({ path, headers: { ...page, ...headers } }))
      const forwardedCookie = (response: NextResponse): string | null =>
        response.headers.get("x-middleware-request-cookie")

      test("gets a flow, and the page and the browser get Ory's cookies", async () => {
        respond = created(CSRF)
        const response = await load("/auth/login?return_to=/x&refresh=true", {
          cookie: `theme=dark; csrf_token_1=old; ${COOKIE}; session_snapshot=x`,
        })
        expect(response.status).toBe(200)
        const shown = new URL(response.headers.get("x-middleware-rewrite") ?? "")
        expect([shown.pathname, shown.searchParams.get("flow")]).toEqual(["/auth/login", ID])
        expect(forwardedCookie(response)).toBe(`theme=dark; ${COOKIE}; session_snapshot=x; csrf_token_1=new`)
        expect(response.headers.getSetCookie().sort()).toEqual(
          [CSRF, DELETED_SNAPSHOT, `sign_in_flow=${ID}; Path=/auth/login; Max-Age=60; SameSite=Lax`].sort(),
        )
        expect(response.headers.get("cache-control")).toBe("private, no-store")
        expect(nonceOf(response.headers.get("content-security-policy"))).toMatch(/.{20}/)
        expect(requestsToOry.map(({ method, url }) => `${method} ${url}`)).toEqual([
          `GET /self-service/login/browser?refresh=true&return_to=${encodeURIComponent(`${HTTP}/x`)}`,
        ])
      })

      test("tells Ory about the client what the same-origin proxy tells, and sends only Ory's cookies", async () => {
        respond = created(CSRF)
        const client = { "user-agent": "Firefox", "accept-language": "de", "x-forwarded-for": "6.6.6.6, 192.0.2.7" }
        const cookie = `theme=dark; csrf_token_1=old; ${COOKIE}`
        for (const host of ["localhost:3000", "app.example.com"]) await load("/auth/login", { ...client, cookie, host })
        expect(
          requestsToOry.map(({ headers }) => [
            headers["user-agent"],
            headers["accept-language"],
            headers.accept,
            headers.cookie,
            headers["x-forwarded-for"],
            headers["ory-base-url-rewrite"],
          ]),
        ).toEqual(
          [undefined, "192.0.2.7"].map((address) => [
            "Firefox",
            "de",
            "application/json",
            `${COOKIE}; csrf_token_1=old`,
            address,
            undefined,
          ]),
        )
      })

      test.each([
        ["none, because the browser has it", [], true],
        ["a cookie of a proxy in front of Ory", [CSRF, "__cf_bm=1; Domain=localhost.example"], true],
        ["a cookie for the host of both", [`${CSRF}; Domain=localhost`], true],
        ["a cookie for another domain", [`${CSRF}; Domain=example.com`], false],
        ["a session cookie for another domain", [CSRF, "ory_kratos_session=; Domain=auth.example.com"], false],
      ])("with %s in Ory's response, shows the page or redirects to Ory", async (_which, cookies, shows) => {
        respond = created(...cookies)
        const response = await load()
        expect(response.status).toBe(shows ? 200 : 303)
        const relayed = response.headers.getSetCookie().filter((cookie) => !cookie.startsWith("sign_in_flow="))
        expect(relayed).toEqual(shows ? cookies.filter((cookie) => !cookie.startsWith("__cf")) : [])
        if (!shows) expect(response.headers.get("location")).toContain(`${oryUrl}/self-service/login/browser`)
      })

      test("redirects to Ory for some minutes after Ory set a cookie that does not reach this app", async () => {
        respond = created(`${CSRF}; Domain=example.com`)
        for (let time = 0; time < 3; time++) expect((await load()).status).toBe(303)
        expect(requestsToOry).toHaveLength(1)
      })

      test("in the same-origin topology, limits Ory's cookies to this host", async () => {
        app = await withEnv({ ORY_PROXY: "on" })
        respond = created(`${CSRF}; Domain=ory.example`)
        const response = await load()
        expect(response.status).toBe(200)
        expect(response.headers.getSetCookie()[0]).toBe(CSRF)
        expect(requestsToOry.at(-1)?.headers["ory-base-url-rewrite"]).toBe(HTTP)
      })

      test("redirects a signed-in user to the page to return to, on this app only", async () => {
        respond = json(400, { error: { id: "session_already_available" } })
        for (const [value, location] of [
          ["/account?tab=1", `${HTTP}/account?tab=1`],
          ["https://evil.example/", `${HTTP}/dashboard`],
        ] as const) {
          const response = await load(`/auth/login?return_to=${encodeURIComponent(value)}`, { cookie: COOKIE })
          expect([response.status, response.headers.get("location")]).toEqual([303, location])
        }
      })

      test.each([
        ["refuses return_to", json(400, { error: { id: "self_service_flow_return_to_forbidden" } })],
        ["redirects", (_request: IncomingMessage, response: ServerResponse) => response.writeHead(303).end()],
        ["sends JSON without a flow", json(200, {})],
        ["sends HTML", (_request: IncomingMessage, response: ServerResponse) => response.end("<p>")],
      ] as [string, RequestListener][])("redirects to Ory when Ory %s", async (_what, listener) => {
        respond = listener
        const response = await load()
        expect([response.status, response.headers.getSetCookie()]).toEqual([303, []])
        expect(response.headers.get("location")).toContain(`${oryUrl}/self-service/login/browser`)
      })

      test.each([
        ["500", json(500, {})],
        ["429", json(429, {})],
        ["invalid JSON", (_request, response) => response.setHeader("content-type", "application/json").end("{")],
        ["no response", (request) => request.socket.destroy()],
      ] as [string, RequestListener][])("gets the outage page when Ory responds with %s", async (_what, listener) => {
        respond = listener
        const response = await load("/auth/login", { cookie: COOKIE })
        expect([response.status, response.headers.get("retry-after")]).toEqual([503, "5"])
        expect(response.headers.getSetCookie()).toEqual([])
      })

      test.each([
        ["HEAD", { method: "HEAD" }],
        ["a POST", { method: "POST" }],
        ["a page in a frame", { headers: { "sec-fetch-dest": "iframe" } }],
        ["a prerender", { headers: { "sec-purpose": "prefetch;prerender" } }],
        ["the settings page without a session", { path: "/account/settings" }],
      ] satisfies [string, RequestOptions][])("creates no flow for %s", async (_what, options: RequestOptions) => {
        respond = created(CSRF)
        await app.middleware(makeRequest({ path: "/auth/login", ...options, headers: { ...page, ...options.headers } }))
        expect(requestsToOry).toEqual([])
      })
    })

    test("redirects the settings page to Ory only with a session", async () => {
      const headers = { ...page, cookie: COOKIE }
      const response = await app.middleware(makeRequest({ path: "/account/settings", headers }))
      expect(response.headers.get("location")).toBe(`${oryUrl}/self-service/settings/browser`)
      respond = revoked
      const refused = await app.middleware(makeRequest({ path: "/account/settings", headers }))
      expect(refused.headers.get("location")).toContain("/self-service/login/browser")
    })

    test.each(["a fetch by Next's router", "a prefetch by the browser", "a POST by a fetch"] as const)(
      "passes %s, because it can't follow a redirect to Ory",
      async (kind) => {
        const response = await app.middleware(makeRequest({ ...kinds[kind], path: "/auth/login" }))
        expect(response.headers.get("x-middleware-next")).toBe("1")
      },
    )
  })

  describe("a path that requires a second factor", () => {
    const path = "/account/data"
    const headers = { ...page, cookie: COOKIE }

    test("redirects a page load of a user without one to Ory", async () => {
      const response = await app.middleware(makeRequest({ path, headers }))
      expect(response.status).toBe(303)
      expect(response.headers.get("location")).toBe(
        `${oryUrl}/self-service/login/browser?aal=aal2&return_to=${encodeURIComponent(HTTP + path)}`,
      )
    })

    test("refuses an API request with 403", async () => {
      const response = await app.middleware(makeRequest({ path: "/api/account/data", headers }))
      expect(response.status).toBe(403)
      expect(await response.json()).toMatchObject({ error: { code: "session_aal2_required" } })
    })

    test("lets a user with one in", async () => {
      respond = json(200, { ...session, authenticator_assurance_level: "aal2", active: true })
      const response = await app.middleware(makeRequest({ path, headers }))
      expect(response.headers.get("x-middleware-next")).toBe("1")
    })
  })

  test.each<[string, RequestListener, number]>([
    ["401", revoked, 303],
    ["403 for the second factor", json(403, { error: { id: "session_aal2_required" } }), 303],
    ["403 for another reason", json(403, { error: { id: "other" } }), 503],
    ["404", json(404, {}), 503],
    ["429", json(429, {}), 503],
    ["500", json(500, {}), 503],
    ["a redirect", (_request, response) => response.writeHead(302, { location: "/elsewhere" }).end(), 503],
    [
      "HTML",
      (_request, response) => response.writeHead(200, { "content-type": "text/html" }).end("<h1>Hello</h1>"),
      503,
    ],
    ["an inactive session", json(200, { ...session, active: false }), 503],
    ["a closed connection", (request) => request.socket.destroy(), 503],
  ])("refuses the request and sets no session cookie when Ory responds with %s", async (_what, listener, status) => {
    respond = listener
    const response = await app.middleware(makeRequest({ headers: { ...page, cookie: COOKIE } }))
    expect(response.status).toBe(status)
    expect(response.headers.get("x-middleware-next")).toBeNull()
    expect(response.headers.getSetCookie().filter((cookie) => !cookie.startsWith("login_redirects="))).toEqual([])
    expect(requestsToOry).toHaveLength(1)
  })

  /** The headers that Next's client sends with a server action. */
  const ACTION = {
    "next-action": "7f" + "0a".repeat(20),
    "content-type": "multipart/form-data; boundary=x",
    origin: HTTP,
    host: "localhost:3000",
  }
  const submitAction = (headers: Record<string, string> = {}, path = "/account"): Promise<NextResponse> =>
    app.middleware(makeRequest({ method: "POST", path, headers: { ...ACTION, ...headers } }))

  test.each<[Refused, RequestListener]>([
    [anonymous, revoked],
    [aal2, json(403, { error: { id: "session_aal2_required" } })],
    [unavailable, json(500, {})],
  ])("passes a server action with the outcome %s", async (outcome, listener) => {
    respond = listener
    const response = await submitAction({ cookie: COOKIE, ...FORGED, origin: HTTP, host: "localhost:3000" })
    expect(
      await app.sealed.open("handoff", forwardedHeaders(response).get("x-session-handoff") ?? "", COOKIE, HTTP),
    ).toEqual({
      outcome,
    })
    // Next then runs the action without rendering the page in the same response.
    expect(forwardedHeaders(response).get("x-action-forwarded")).toBe("1")
    expect(response.headers.getSetCookie()).toEqual([])
  })

  test("passes a signed-out server action without a request to Ory", async () => {
    const response = await submitAction()
    expect(
      await app.sealed.open("handoff", forwardedHeaders(response).get("x-session-handoff") ?? "", "", HTTP),
    ).toEqual({
      outcome: anonymous,
    })
    expect(requestsToOry).toEqual([])
  })

  test.each<[what: string, headers: Record<string, string>, path?: string]>([
    ["a malformed id", { "next-action": "x" }],
    ["the id of a cached function", { "next-action": "80" + "0a".repeat(20) }],
    ["another content type", { "content-type": "application/x-www-form-urlencoded" }],
    ["a page without actions", {}, "/dashboard"],
    ["a route handler", {}, "/api/me"],
  ])("refuses a signed-out server action for %s", async (_what, headers, path) => {
    const response = await submitAction(headers, path)
    expect(response.headers.get("x-middleware-next")).toBeNull()
    expect(response.status).toBe(path === "/api/me" ? 401 : 303)
  })

  test("refuses a server action from another site, with or without a session", async () => {
    for (const cookie of ["", COOKIE])
      expect((await submitAction({ origin: "https://evil.example", cookie })).status).toBe(403)
    expect(requestsToOry).toEqual([])
  })

  test.each(["GET", "HEAD", "PUT", "DELETE"])(
    "refuses a signed-out %s request with a Next-Action header",
    async (method) => {
      const response = await app.middleware(makeRequest({ method, headers: { ...page, "next-action": "1a2b3" } }))
      expect(response.status).toBe(303)
    },
  )

  test.each([
    ["several values of one name", `${COOKIE}; ory_kratos_session=two; ory_kratos_session=three`, 1],
    ["8 kB of other cookies", `${"junk=x; ".repeat(1000)}${COOKIE}`, 1],
    ["non-ASCII bytes in other cookies", `a=caf\u00e9; b=\u00ff; ${COOKIE}; c="`, 1],
    ["non-ASCII bytes in Ory's cookie", "ory_kratos_session=caf\u00e9", 0],
    ["only separators", ";;; ;=;=", 0],
    ["a name without a value", "ory_kratos_session", 0],
  ])("handles a Cookie header with %s", async (_what, cookie, calls) => {
    const response = await app.middleware(makeRequest({ headers: { ...page, cookie } }))
    expect(response.headers.get("x-middleware-next")).toBe(calls === 0 ? null : "1")
    expect(response.status).toBe(calls === 0 ? 303 : 200)
    expect(requestsToOry).toHaveLength(calls)
  })

  test("checks every page view with Ory when there is no secret", async () => {
    app = await withEnv({ SESSION_SECRET: "" })
    for (let times = 0; times < 3; times++)
      forwardedHeaders(await app.middleware(makeRequest({ headers: { ...page, cookie: COOKIE } })))
    expect(requestsToOry).toHaveLength(3)
  })

  test.each([
    ["localhost:3000", HTTP],
    ["app.example.com", HTTPS],
    ["evil.example", HTTP],
    ["app.example.com.evil.example", HTTP],
  ])("for the Host %s, uses the app URL %s and ignores forwarded headers", async (host, appUrl) => {
    const forgedHeaders = {
      "x-forwarded-host": "evil.example",
      "x-forwarded-proto": "https",
      forwarded: "host=evil.example;proto=https",
    }
    const response = await app.middleware(makeRequest({ headers: { ...page, ...forgedHeaders, host } }))
    expect(response.headers.get("location")).toBe(
      `${oryUrl}/self-service/login/browser?return_to=${encodeURIComponent(`${appUrl}/dashboard`)}`,
    )
    expect(response.headers.get("strict-transport-security")).toBe(appUrl === HTTPS ? "max-age=63072000" : null)
  })

  test("rejects a snapshot that was set on another origin of this app", async () => {
    const value = (await getSnapshotCookie()).slice("session_snapshot=".length)
    await app.middleware(
      makeRequest({
        headers: { ...page, host: "app.example.com", cookie: `${COOKIE}; __Host-session_snapshot=${value}` },
      }),
    )
    expect(requestsToOry).toHaveLength(1)
  })

  test.each([
    ["/", true],
    ["/dashboard", true],
    ["/dashboard.rsc", true],
    ["/_next/data/build/dashboard.json", true],
    ["/_next/staticx/a.js", true],
    ["/x/_next/static/a.js", true],
    ["/_next", true],
    ["/_next/static/chunks/a.js", false],
  ])("runs for %s: %s", (path, matches) => {
    expect(new RegExp(`^${app.matcher}$`).test(path)).toBe(matches)
  })
})
