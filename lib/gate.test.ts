import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { NextRequest, type NextResponse } from "next/server"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest"
import type { SessionCheck } from "@/lib/gate"
import type { Verdict } from "@/lib/ory"
import type { GateRequest } from "@/lib/request"
import { session as makeSession } from "@/lib/testing"

/** Answers as told: what is tested is what becomes of an answer. How Ory itself answers, the browser tests see. */
let server: Server
let answer: RequestListener
let asked: IncomingMessage[]
let oryUrl: string
let app: App

const HTTP = "http://localhost:3000"
const HTTPS = "https://app.example.com"
const COOKIE = "ory_kratos_session=one"
const HTML = "text/html,application/xhtml+xml,*/*;q=0.8"

const session = makeSession()
const active: Verdict = { outcome: "active", session }

type Refused = Exclude<Verdict["outcome"], "active">
const anonymous: Refused = "anonymous"
const aal2: Refused = "aal2_required"
const unavailable: Refused = "unavailable"

interface App {
  gate: typeof import("@/lib/gate")
  request: typeof import("@/lib/request")
  sealed: typeof import("@/lib/sealed")
  middleware: (request: NextRequest) => Promise<NextResponse>
  matcher: string
}

/** The gate as it is with these variables, which are read when its modules are first imported. */
async function withEnv(variables: Record<string, string> = {}): Promise<App> {
  vi.resetModules()
  vi.unstubAllEnvs()
  const all = { ORY_SDK_URL: oryUrl, APP_URL: `${HTTP},${HTTPS}`, ...variables }
  for (const [name, value] of Object.entries(all)) vi.stubEnv(name, value)
  const { default: middleware, config } = await import("@/middleware")
  return {
    gate: await import("@/lib/gate"),
    request: await import("@/lib/request"),
    sealed: await import("@/lib/sealed"),
    middleware,
    matcher: config.matcher[0] as string,
  }
}

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request)
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve))
  oryUrl = `http://localhost:${(server.address() as AddressInfo).port}`
})

beforeEach(async () => {
  vi.spyOn(console, "error").mockReturnValue()
  asked = []
  answer = json(200, { ...session, active: true })
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

interface Ask {
  path?: string
  method?: string
  headers?: Record<string, string>
  appUrl?: string
}

function ask({ path = "/dashboard", method = "GET", headers = {} }: Ask = {}): NextRequest {
  // As under `next start`: the URL says localhost, whatever the person's browser shows.
  return new NextRequest(`http://localhost:3000${path}`, { method, headers })
}

/** The request as the gate reads it. `appUrl` is chosen by the host, as with two origins in `APP_URL`. */
function visit(options: Ask = {}): GateRequest {
  const host = new URL(options.appUrl ?? HTTP).host
  return app.request.readGateRequest(ask({ ...options, headers: { host, cookie: COOKIE, ...options.headers } }))
}

/** The headers of the request as the page gets it. */
function forwarded(response: NextResponse): Headers {
  expect(response.headers.get("x-middleware-next"), "the request was not let through").toBe("1")
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
  "a page load by a browser that does not say so": { headers: { accept: HTML } },
  "a form": {
    method: "POST",
    headers: { accept: HTML, "sec-fetch-dest": "document", referer: `${HTTP}/dashboard?tab=1` },
  },
  "a fetch": { headers: { accept: "*/*", "sec-fetch-dest": "empty" } },
  "a fetch that accepts HTML": { headers: { accept: HTML, "sec-fetch-dest": "empty" } },
  "a fetch by the router": {
    path: "/dashboard?tab=1&_rsc=1a2b3",
    headers: { accept: "*/*", "sec-fetch-dest": "empty", rsc: "1" },
  },
  "a prefetch by the router": { headers: { "sec-fetch-dest": "empty", "next-router-prefetch": "1" } },
  "a prefetch by the browser": { headers: { accept: HTML, "sec-fetch-dest": "document", "sec-purpose": "prefetch" } },
  "a prerender by the browser": {
    headers: { accept: HTML, "sec-fetch-dest": "document", "sec-purpose": "prefetch;prerender" },
  },
  "a prefetch by an older browser": { headers: { accept: HTML, purpose: "prefetch" } },
  "a client that says nothing": {},
  "a POST by a fetch": {
    method: "POST",
    headers: { accept: "*/*", "sec-fetch-dest": "empty", referer: `${HTTP}/dashboard?tab=1` },
  },
} satisfies Record<string, Ask>

/** What a page loads besides fetches: `sec-fetch-dest` says what for. */
const subresources = ["image", "style", "script", "font", "manifest", "serviceworker", "object"]

const pages = [
  "a page load",
  "a page load in a frame",
  "a page load by a browser that does not say so",
  "a form",
] as const
const fetches = Object.keys(kinds).filter(
  (kind): kind is Exclude<keyof typeof kinds, (typeof pages)[number]> => !(pages as readonly string[]).includes(kind),
)
const back = (kind: string): string =>
  encodeURIComponent(
    `${HTTP}/dashboard${["a form", "a POST by a fetch", "a fetch by the router"].includes(kind) ? "?tab=1" : ""}`,
  )

describe("refused", () => {
  describe.each(pages)("%s", (kind) => {
    test("of a stranger goes to Ory's login, and comes back", () => {
      const response = app.gate.refuse(visit(kinds[kind]), anonymous)
      expect(response.status).toBe(303)
      expect(response.headers.get("location")).toBe(`${oryUrl}/self-service/login/browser?return_to=${back(kind)}`)
    })

    test("of someone who owes a second factor goes to where Ory asks for it", () => {
      const response = app.gate.refuse(visit(kinds[kind]), aal2)
      expect(response.status).toBe(303)
      expect(response.headers.get("location")).toBe(
        `${oryUrl}/self-service/login/browser?aal=aal2&return_to=${back(kind)}`,
      )
    })

    if (kind !== "a form")
      test("while Ory does not answer is 503 and the page that says so, at its own address", () => {
        const response = app.gate.refuse(visit(kinds[kind]), unavailable)
        expect(response.status).toBe(503)
        expect(response.headers.get("x-middleware-rewrite")).toBe(`${HTTP}/unavailable`)
        expect(response.headers.get("location")).toBeNull()
      })
  })

  test("a form while Ory does not answer comes to its page again, which says so", () => {
    const response = app.gate.refuse(visit(kinds["a form"]), unavailable)
    expect([response.status, response.headers.get("location")]).toEqual([303, `${HTTP}/dashboard?tab=1`])
    expect(response.headers.get("set-cookie")).toBeNull()
  })

  describe.each(fetches)("%s", (kind) => {
    test("of a stranger goes to this origin's login page", () => {
      const response = app.gate.refuse(visit(kinds[kind]), anonymous)
      expect(response.status).toBe(303)
      expect(response.headers.get("location")).toBe(`${HTTP}/auth/login?return_to=${back(kind)}`)
    })

    test("of someone who owes a second factor goes to this origin's login page", () => {
      const response = app.gate.refuse(visit(kinds[kind]), aal2)
      expect(response.status).toBe(303)
      expect(response.headers.get("location")).toBe(`${HTTP}/auth/login?aal=aal2&return_to=${back(kind)}`)
    })

    test("while Ory does not answer is 503 and empty", async () => {
      const response = app.gate.refuse(visit(kinds[kind]), unavailable)
      expect(response.status).toBe(503)
      expect(response.headers.get("x-middleware-rewrite")).toBeNull()
      expect(response.headers.get("location")).toBeNull()
      expect(await response.text()).toBe("")
    })
  })

  describe.each(subresources)("a sub-resource (%s)", (destination) => {
    test.each([
      [anonymous, 401],
      [aal2, 403],
      [unavailable, 503],
    ])("%s gets a status and no redirect", async (verdict, status) => {
      const response = app.gate.refuse(
        visit({ path: "/logo.png", headers: { "sec-fetch-dest": destination } }),
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
  ])("in %s the log explains each sub-resource once: %j", async (mode, expected) => {
    const warn = vi.spyOn(console, "warn").mockReturnValue()
    const { gate } = await withEnv({ NODE_ENV: mode })
    const image = visit({ path: "/logo.png?v=2", headers: { "sec-fetch-dest": "image" } })
    for (const verdict of [unavailable, aal2, anonymous, anonymous]) gate.refuse(image, verdict)
    gate.refuse(visit({ path: "/dashboard", headers: { "sec-fetch-dest": "document" } }), anonymous)
    gate.refuse(visit({ path: "/dashboard", headers: { "sec-fetch-dest": "empty" } }), anonymous)
    expect(warn.mock.calls.flat()).toEqual(expected)
    warn.mockRestore()
  })

  describe.each(Object.entries(kinds))("for an API, %s", (_kind, kind: Ask) => {
    test.each([
      [anonymous, 401, { error: { code: "unauthenticated", message: "There is no valid session. Sign in first." } }],
      [
        aal2,
        403,
        { error: { code: "session_aal2_required", message: "This requires a second factor. Sign in with it first." } },
      ],
      [
        unavailable,
        503,
        { error: { code: "ory_unavailable", message: "The session could not be checked. Try again." } },
      ],
    ])("%s is JSON with a code", async (verdict, status, body) => {
      const response = app.gate.refuse(visit({ ...kind, path: "/api/me" }), verdict)
      expect(response.status).toBe(status)
      expect(response.headers.get("content-type")).toBe("application/json")
      expect(response.headers.get("location")).toBeNull()
      expect(response.headers.get("x-middleware-rewrite")).toBeNull()
      expect(await response.json()).toEqual(body)
    })
  })

  const everywhere = Object.entries(kinds).flatMap(([kind, wish]: [string, Ask]) =>
    ["/dashboard", "/api/me"].flatMap((path) =>
      [anonymous, aal2, unavailable].map((outcome) => ({ kind, path, outcome, wish })),
    ),
  )

  test.each(everywhere)(
    "$kind to $path, $outcome: nobody may keep the answer, it touches no session cookie, no frame holds it",
    ({ kind, wish, path, outcome }) => {
      const { headers } = app.gate.refuse(visit({ ...wish, path }), outcome)
      expect(headers.get("cache-control")).toBe("private, no-store")
      expect(headers.get("retry-after")).toBe(outcome === "unavailable" ? "5" : null)
      const counted = outcome === "anonymous" && path === "/dashboard" && (pages as readonly string[]).includes(kind)
      expect(headers.getSetCookie()).toEqual(
        counted ? ["login_redirects=1; Path=/; Max-Age=10; HttpOnly; SameSite=Lax"] : [],
      )
      expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'")
      expect(headers.get("content-security-policy")).toContain(`form-action 'self' ${oryUrl}`)
      expect(headers.get("strict-transport-security")).toBeNull()
      expect(headers.get("x-middleware-next")).toBeNull()
    },
  )

  test.each([
    ["the first redirect", "a=b", false, 1],
    ["the second", "login_redirects=1", false, 2],
    ["the third", "a=b; login_redirects=2", true, 3],
    ["the fourth", "login_redirects=3; a=b", true, 3],
    ["a count that this app did not make", "login_redirects=-9", false, 1],
    ["a count of another scheme", "__Host-login_redirects=2", false, 1],
  ])("%s to Ory's login leads back to the page, or over the one that ends loops", (_what, cookie, ends, count) => {
    const { headers } = app.gate.refuse(
      visit({ path: "/dashboard?a=1&b=2", headers: { accept: HTML, cookie } }),
      anonymous,
    )
    const back = new URL(headers.get("location") ?? "").searchParams.get("return_to")
    const wanted = `${HTTP}/dashboard?a=1&b=2`
    expect(back).toBe(ends ? `${HTTP}/auth/no-session?return_to=${encodeURIComponent(wanted)}` : wanted)
    expect(headers.get("set-cookie")).toBe(`login_redirects=${count}; Path=/; Max-Age=10; HttpOnly; SameSite=Lax`)
  })

  test("on https, the count of redirects is this host's alone", () => {
    const { headers } = app.gate.refuse(
      visit({ headers: { accept: HTML, cookie: "__Host-login_redirects=2" }, appUrl: HTTPS }),
      anonymous,
    )
    expect(headers.get("set-cookie")).toBe(
      "__Host-login_redirects=3; Path=/; Max-Age=10; HttpOnly; SameSite=Lax; Secure",
    )
  })

  test.each([anonymous, aal2, unavailable])("on https, %s keeps browsers on https and comes back there", (outcome) => {
    const response = app.gate.refuse(visit({ headers: { accept: HTML }, appUrl: HTTPS }), outcome)
    expect(response.headers.get("strict-transport-security")).toBe("max-age=63072000")
    if (outcome !== "unavailable")
      expect(new URL(response.headers.get("location") ?? "").searchParams.get("return_to")).toBe(`${HTTPS}/dashboard`)
  })

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
  ])("%s %s sent from %s comes back to %s", (method, path, referer, page) => {
    const response = app.gate.refuse(
      visit({ method, path, headers: { accept: HTML, ...(referer === undefined ? {} : { referer }) } }),
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

describe("let through without a word about who it is", () => {
  test.each(["/", "/unavailable", "/api/health", "/robots.txt"])(
    "%s, built once for everybody: no nonce, no cookie, and kept as long as Next says",
    (path) => {
      const response = app.gate.passPublic(visit({ path, headers: { cookie: COOKIE } }))
      const headers = forwarded(response)
      expect(headers.get("x-nonce")).toBeNull()
      expect(headers.get("content-security-policy")).toBeNull()
      expect(response.headers.get("content-security-policy")).toContain("script-src 'self' 'unsafe-inline';")
      expect(response.headers.get("cache-control")).toBeNull()
      expect(response.headers.get("set-cookie")).toBeNull()
      expect(response.headers.get("server-timing")).toBeNull()
    },
  )

  test("/auth/login, made for each request: a nonce, the same for page and browser, and another each time", () => {
    const nonces = new Set<string>()
    for (let times = 0; times < 5; times++) {
      const response = app.gate.passPublic(visit({ path: "/auth/login" }))
      const headers = forwarded(response)
      const nonce = headers.get("x-nonce")
      expect(nonce).toMatch(/^[\w+/=]{40,}$/)
      expect(nonceOf(headers.get("content-security-policy"))).toBe(nonce)
      expect(nonceOf(response.headers.get("content-security-policy"))).toBe(nonce)
      expect(response.headers.get("content-security-policy")).not.toContain("script-src 'self'")
      nonces.add(String(nonce))
    }
    expect(nonces.size).toBe(5)
  })

  test.each(["/", "/auth/login"])("%s: what the client says in the gate's own headers is dropped", (path) => {
    const response = app.gate.passPublic(visit({ path, headers: { ...FORGED, "x-other": "kept" } }))
    expect([...forwarded(response).values()].filter((value) => value.includes("forged"))).toEqual([])
    expect(forwarded(response).get("x-session-handoff")).toBeNull()
    expect(forwarded(response).get("x-request-path")).toBeNull()
    expect(forwarded(response).get("x-other")).toBe("kept")
  })

  describe("a file in public/", () => {
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
      "%s is served by a rewrite to the file, without a call to Ory, a handoff or a cookie",
      async (path) => {
        const response = await app.middleware(ask({ path, headers: { ...FORGED, cookie: COOKIE } }))
        expect(response.headers.get("x-middleware-rewrite")).toBe(`${HTTP}/a%20b.png`)
        expect(response.headers.get("x-middleware-request-x-session-handoff")).toBeNull()
        expect(response.headers.getSetCookie()).toEqual([])
        expect(response.headers.get("content-security-policy")).toContain("frame-ancestors 'none'")
        expect(asked).toEqual([])
      },
    )

    test.each(["POST", "PUT", "DELETE", "OPTIONS"])("%s is not allowed", async (method) => {
      const response = await app.middleware(ask({ path: "/a%20b.png", method, headers: { "next-action": "1a2b3" } }))
      expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"])
    })

    test.each(["/a%20b.png/", "/a%20b.png/x", "/a%20b", "/b.png"])(
      "%s is another path and needs a session",
      async (path) => {
        expect((await app.middleware(ask({ path, headers: { accept: HTML } }))).status).toBe(303)
      },
    )
  })

  test.each([
    [HTTP, null],
    [HTTPS, "max-age=63072000"],
  ])("%s: Strict-Transport-Security is %s", (appUrl, value) => {
    const response = app.gate.passPublic(visit({ path: "/", appUrl }))
    expect(response.headers.get("strict-transport-security")).toBe(value)
  })
})

describe("let through with what is known", () => {
  const known = (more: Partial<SessionCheck> = {}): SessionCheck => ({
    verdict: active,
    source: "ory",
    start: performance.now(),
    ...more,
  })

  /** The Set-Cookie that gives the snapshot or takes it away. */
  const snapshots = (response: NextResponse): string[] =>
    response.headers.getSetCookie().filter((cookie) => cookie.includes("session_snapshot="))

  /** The request with which the browser returns this snapshot. */
  const returning = (snapshot: string | undefined, cookie: string): GateRequest =>
    visit({ headers: { cookie: `${snapshot?.split(";", 1)[0] ?? ""}; ${cookie}` } })

  const TAKEN = "session_snapshot=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"

  test("the page gets the verdict, sealed for exactly these cookies", async () => {
    const headers = forwarded(await app.gate.pass(visit(), known()))
    const handoff = headers.get("x-session-handoff") ?? ""
    expect(await app.sealed.open("handoff", handoff, COOKIE, HTTP)).toEqual(active)
    expect(await app.sealed.open("handoff", handoff, "ory_kratos_session=two", HTTP)).toBeUndefined()
  })

  test("what the client says in the gate's own headers is overwritten", async () => {
    for (const source of ["ory", "snapshot"] as const) {
      const headers = forwarded(
        await app.gate.pass(visit({ path: "/dashboard?tab=1", headers: FORGED }), known({ source })),
      )
      expect([...headers.values()].filter((value) => value.includes("forged"))).toEqual([])
      expect(headers.get("x-request-path")).toBe("/dashboard?tab=1")
      expect(headers.get("x-nonce")).toBe(nonceOf(headers.get("content-security-policy")))
    }
  })

  test("without a secret no handoff is made, and none of the client's gets through", async () => {
    const { gate } = await withEnv({ SESSION_SECRET: "" })
    const response = await gate.pass(visit({ headers: FORGED }), known())
    expect(forwarded(response).get("x-session-handoff")).toBeNull()
    expect(snapshots(response)).toEqual([])
  })

  test.each([
    ["GET", "/dashboard?tab=1", {}, "/dashboard?tab=1"],
    ["GET", "/dashboard?tab=1&_rsc=1a2b3", {}, "/dashboard?tab=1"],
    ["POST", "/dashboard?tab=1", { "next-action": "1a2b3", referer: `${HTTP}/elsewhere` }, "/dashboard?tab=1"],
    ["POST", "/delete", { referer: `${HTTP}/account?tab=1` }, "/account?tab=1"],
    ["POST", "/delete", { referer: "https://evil.example/" }, "/dashboard"],
    ["GET", "//evil.example", {}, "/dashboard"],
    ["GET", "/%2fevil.example", {}, "/dashboard"],
  ])("%s %s with %j: the page is told %s", async (method, path, headers, told) => {
    expect(forwarded(await app.gate.pass(visit({ method, path, headers }), known())).get("x-request-path")).toBe(told)
  })

  test("nobody may keep the answer, and scripts run by nonce only", async () => {
    for (const source of ["ory", "snapshot"] as const) {
      const response = await app.gate.pass(visit(), known({ source }))
      expect(response.headers.get("cache-control")).toBe("private, no-store")
      expect(nonceOf(response.headers.get("content-security-policy"))).toBe(forwarded(response).get("x-nonce"))
      expect(response.headers.get("content-security-policy")).not.toContain("script-src 'self'")
    }
  })

  test("Server-Timing says how the session was known, and in how many milliseconds", async () => {
    for (const source of ["ory", "snapshot"] as const) {
      const response = await app.gate.pass(visit(), known({ source, start: performance.now() - 120 }))
      const [, desc, dur] = /^session;desc=(\w+);dur=(\d+\.\d)$/.exec(response.headers.get("server-timing") ?? "") ?? []
      expect(desc).toBe(source)
      expect(Number(dur)).toBeGreaterThanOrEqual(120)
      expect(Number(dur)).toBeLessThan(1000)
    }
  })

  test("what Ory set reaches the browser, each cookie apart, and before the snapshot", async () => {
    const setCookies = [
      "ory_kratos_session=new; Path=/; Expires=Wed, 02 Jan 2030 11:00:00 GMT; HttpOnly",
      "csrf_token_1=b; Path=/",
    ]
    const response = await app.gate.pass(visit(), known({ setCookies }))
    expect(response.headers.getSetCookie()).toEqual([...setCookies, expect.stringMatching(/^session_snapshot=.+/)])
  })

  test.each(["GET", "HEAD"])("%s: the browser gets a snapshot that opens for these cookies", async (method) => {
    const [snapshot, ...others] = snapshots(await app.gate.pass(visit({ method }), known()))
    expect(others).toEqual([])
    expect(snapshot).toMatch(/^session_snapshot=[\w.-]+; Path=\/; Max-Age=30; HttpOnly; SameSite=Lax$/)
    expect(await app.sealed.openSnapshot(returning(snapshot, COOKIE))).toEqual(active)
    expect(await app.sealed.openSnapshot(returning(snapshot, "ory_kratos_session=two"))).toBeUndefined()
  })

  test("on https its name and attributes are those of https", async () => {
    const response = await app.gate.pass(visit({ appUrl: HTTPS }), known())
    expect(snapshots(response)).toEqual([
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
  ])("%s %s, where something may be about to change: the snapshot goes", async (method, path) => {
    expect(snapshots(await app.gate.pass(visit({ method, path }), known()))).toEqual([TAKEN])
  })

  test("known from a snapshot: no new one, no handoff, and the page still sees the snapshot", async () => {
    const cookie = `${COOKIE}; session_snapshot=x; theme=dark`
    const response = await app.gate.pass(visit({ headers: { cookie, ...FORGED } }), known({ source: "snapshot" }))
    expect(response.headers.getSetCookie()).toEqual([])
    expect(forwarded(response).get("cookie")).toBe(cookie)
    expect(forwarded(response).get("x-session-handoff")).toBeNull()
  })

  test("known from Ory: the page does not see a snapshot that is not good enough", async () => {
    const response = await app.gate.pass(visit({ headers: { cookie: `a=b; session_snapshot=x; ${COOKIE}` } }), known())
    expect(forwarded(response).get("cookie")).toBe(`a=b; ${COOKIE}`)
  })

  test("SESSION_CACHE_SECONDS=0: no snapshot, but a handoff", async () => {
    const { gate, sealed } = await withEnv({ SESSION_CACHE_SECONDS: "0" })
    const response = await gate.pass(visit(), known())
    expect(snapshots(response)).toEqual([])
    expect(await sealed.open("handoff", forwarded(response).get("x-session-handoff") ?? "", COOKIE, HTTP)).toEqual(
      active,
    )
  })

  test("a session too large for a cookie: no snapshot, but a handoff", async () => {
    const verdict: Verdict = {
      outcome: "active",
      session: { ...session, identity: { id: "1", traits: { email: "x".repeat(4000) } } },
    }
    const response = await app.gate.pass(visit(), known({ verdict }))
    expect(snapshots(response)).toEqual([])
    expect(await app.sealed.open("handoff", forwarded(response).get("x-session-handoff") ?? "", COOKIE, HTTP)).toEqual(
      verdict,
    )
  })

  test.each([anonymous, aal2, unavailable])("passes an action on with %s, and sets no cookie", async (outcome) => {
    const verdict = { outcome }
    const headers = { "next-action": "1a2b3", cookie: COOKIE }
    const response = await app.gate.pass(
      visit({ method: "POST", headers }),
      known({ verdict, setCookies: ["ory_kratos_session=; Max-Age=0"] }),
    )
    expect(await app.sealed.open("handoff", forwarded(response).get("x-session-handoff") ?? "", COOKIE, HTTP)).toEqual(
      verdict,
    )
    expect(response.headers.getSetCookie()).toEqual([])
  })
})

describe("the middleware", () => {
  const page = { accept: HTML, "sec-fetch-dest": "document", host: "localhost:3000" }

  /** What the browser holds after a first page view. */
  async function snapshot(cookie = COOKIE): Promise<string> {
    const response = await app.middleware(ask({ headers: { ...page, cookie } }))
    const pair = response.headers.getSetCookie().at(-1)?.split(";", 1)[0] ?? ""
    expect(pair).toMatch(/^session_snapshot=.+/)
    asked = []
    return pair
  }

  const revoked = json(401, { error: { code: 401 } })

  test.each([
    "/",
    "/unavailable",
    "/auth/login",
    "/auth/sign-out",
    "/api/health",
    "/api/refresh-session",
    "/robots.txt",
  ])("%s is public: through, and Ory is not asked", async (path) => {
    const response = await app.middleware(ask({ path, headers: { ...page, ...FORGED, cookie: COOKIE } }))
    expect(forwarded(response).get("x-session-handoff")).toBeNull()
    expect(response.headers.getSetCookie()).toEqual([])
    expect(asked).toEqual([])
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
  ])("%s is protected: a stranger is refused, and Ory is not asked", async (path) => {
    const response = await app.middleware(ask({ path, headers: { ...page, ...FORGED, cookie: "theme=dark" } }))
    expect([303, 401]).toContain(response.status)
    expect(response.headers.get("x-middleware-next")).toBeNull()
    expect(asked).toEqual([])
  })

  test("someone signed in passes; Ory is asked once, for its own cookies only", async () => {
    const response = await app.middleware(
      ask({ headers: { ...page, cookie: `theme=dark; ${COOKIE}; csrf_token_1=a; session_snapshot=x` } }),
    )
    expect(forwarded(response).get("cookie")).toBe(`theme=dark; ${COOKIE}; csrf_token_1=a`)
    expect(response.headers.get("server-timing")).toContain("desc=ory")
    expect(asked.map(({ url, headers }) => [url, headers.cookie])).toEqual([["/sessions/whoami", COOKIE]])
  })

  test.each([
    [
      "one cookie",
      ["ory_kratos_session=longer; Path=/; Expires=Wed, 02 Jan 2030 11:00:00 GMT; HttpOnly; SameSite=Lax"],
    ],
    ["two cookies", ["ory_kratos_session=longer; Path=/", "csrf_token_1=b; Path=/"]],
  ])("%s that Ory sets with its answer reach the browser", async (_many, cookies) => {
    answer = json(200, { ...session, active: true }, { "set-cookie": cookies })
    const response = await app.middleware(ask({ headers: { ...page, cookie: COOKIE } }))
    expect(response.headers.getSetCookie().slice(0, -1)).toEqual(cookies)
  })

  test.each(["GET", "HEAD"])("%s with a snapshot passes, and Ory is not asked", async (method) => {
    const cookie = `${COOKIE}; ${await snapshot()}`
    answer = revoked
    const response = await app.middleware(ask({ method, headers: { ...page, cookie } }))
    expect(forwarded(response).get("cookie")).toBe(cookie)
    expect(response.headers.get("server-timing")).toContain("desc=snapshot")
    expect(asked).toEqual([])
  })

  test.each([
    ["another method", { method: "POST" }],
    ["an unknown method", { method: "PURGE" }],
    ["a sensitive path", { path: "/account" }],
    ["a path below a sensitive one", { path: "/account/settings?x=1" }],
  ])("%s asks Ory in spite of a snapshot, and believes it", async (_what, wish: Ask) => {
    const cookie = `${COOKIE}; ${await snapshot()}`
    answer = revoked
    const response = await app.middleware(ask({ ...wish, headers: { ...page, cookie } }))
    expect(response.status).toBe(303)
    expect(asked).toHaveLength(1)
  })

  test.each([
    ["another person's Ory cookie", (pair: string) => `ory_kratos_session=two; ${pair}`],
    ["one more Ory cookie", (pair: string) => `${COOKIE}; ${pair}; ory_kratos_session=two`],
    ["a changed byte", (pair: string) => `${COOKIE}; ${pair.slice(0, -8)}AAAAAAAA`],
    ["the end cut off", (pair: string) => `${COOKIE}; ${pair.slice(0, -1)}`],
    ["an empty value", () => `${COOKIE}; session_snapshot=`],
    ["4 kB of junk", () => `${COOKIE}; session_snapshot=${"A".repeat(4096)}`],
    ["another name", (pair: string) => `${COOKIE}; __Host-${pair}`],
  ])("a snapshot with %s is none: Ory is asked", async (_what, header) => {
    const cookie = header(await snapshot())
    answer = revoked
    expect((await app.middleware(ask({ headers: { ...page, cookie } }))).status).toBe(303)
    expect(asked).toHaveLength(1)
  })

  test("a snapshot without any Ory cookie is none", async () => {
    const cookie = await snapshot()
    expect((await app.middleware(ask({ headers: { ...page, cookie } }))).status).toBe(303)
    expect(asked).toEqual([])
  })

  test("a handoff in the snapshot's place is none, nor a snapshot in the handoff's", async () => {
    const pair = await snapshot()
    const through = await app.middleware(ask({ headers: { ...page, cookie: COOKIE } }))
    const handoff = forwarded(through).get("x-session-handoff") ?? ""
    expect(handoff).not.toBe("")
    answer = revoked
    const asCookie = await app.middleware(
      ask({ headers: { ...page, cookie: `${COOKIE}; session_snapshot=${handoff}` } }),
    )
    expect(asCookie.status).toBe(303)
    const asHeader = await app.middleware(
      ask({ headers: { ...page, cookie: COOKIE, "x-session-handoff": pair.slice("session_snapshot=".length) } }),
    )
    expect(asHeader.status).toBe(303)
  })

  test("the page that ends loops is shown with 401 to a browser without a session, with a nonce for its scripts", async () => {
    for (const [cookie, questions] of [
      ["", 0],
      [COOKIE, 1],
    ] as const) {
      asked = []
      answer = revoked
      const response = await app.middleware(
        ask({ path: "/auth/no-session?return_to=%2Fdashboard", headers: { ...page, cookie } }),
      )
      expect(response.status).toBe(401)
      expect(new URL(response.headers.get("x-middleware-rewrite") ?? "").pathname).toBe("/auth/no-session")
      expect(nonceOf(response.headers.get("content-security-policy"))).toMatch(/.{20}/)
      expect(response.headers.getSetCookie()).toEqual([])
      expect(asked).toHaveLength(questions)
    }
  })

  test("the page that ends loops sends a session on, and a missing second factor to where it is asked for", async () => {
    const path = `/auth/no-session?return_to=${encodeURIComponent(`${HTTP}/account?tab=1`)}`
    expect(
      (await app.middleware(ask({ path, headers: { ...page, cookie: COOKIE } }))).headers.get("x-middleware-next"),
    ).toBe("1")
    answer = json(403, { error: { id: "session_aal2_required" } })
    const response = await app.middleware(ask({ path, headers: { ...page, cookie: COOKIE } }))
    expect(response.headers.get("location")).toBe(
      `${oryUrl}/self-service/login/browser?aal=aal2&return_to=${encodeURIComponent(`${HTTP}/account?tab=1`)}`,
    )
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
    ["a dead connection", (request) => request.socket.destroy(), 503],
  ])("Ory answers %s: nobody passes, and no session cookie is touched", async (_what, listener, status) => {
    answer = listener
    const response = await app.middleware(ask({ headers: { ...page, cookie: COOKIE } }))
    expect(response.status).toBe(status)
    expect(response.headers.get("x-middleware-next")).toBeNull()
    expect(response.headers.getSetCookie().filter((cookie) => !cookie.startsWith("login_redirects="))).toEqual([])
    expect(asked).toHaveLength(1)
  })

  /** What Next's client sends for a form's action on `/account`. */
  const ACTION = {
    "next-action": "7f" + "0a".repeat(20),
    "content-type": "multipart/form-data; boundary=x",
    origin: HTTP,
    host: "localhost:3000",
  }
  const act = (headers: Record<string, string> = {}, path = "/account"): Promise<NextResponse> =>
    app.middleware(ask({ method: "POST", path, headers: { ...ACTION, ...headers } }))

  test.each<[Refused, RequestListener]>([
    [anonymous, revoked],
    [aal2, json(403, { error: { id: "session_aal2_required" } })],
    [unavailable, json(500, {})],
  ])("a server action passes with the verdict, also when it is %s", async (outcome, listener) => {
    answer = listener
    const response = await act({ cookie: COOKIE, ...FORGED, origin: HTTP, host: "localhost:3000" })
    expect(await app.sealed.open("handoff", forwarded(response).get("x-session-handoff") ?? "", COOKIE, HTTP)).toEqual({
      outcome,
    })
    // Next then runs the action without rendering the page in the same response.
    expect(forwarded(response).get("x-action-forwarded")).toBe("1")
    expect(response.headers.getSetCookie()).toEqual([])
  })

  test("an anonymous server action passes without a call to Ory", async () => {
    const response = await act()
    expect(await app.sealed.open("handoff", forwarded(response).get("x-session-handoff") ?? "", "", HTTP)).toEqual({
      outcome: anonymous,
    })
    expect(asked).toEqual([])
  })

  test.each<[what: string, headers: Record<string, string>, path?: string]>([
    ["a malformed id", { "next-action": "x" }],
    ["the id of a cached function", { "next-action": "80" + "0a".repeat(20) }],
    ["another content type", { "content-type": "application/x-www-form-urlencoded" }],
    ["a page without actions", {}, "/dashboard"],
    ["a route handler", {}, "/api/me"],
  ])("without a session, a server action with %s is refused", async (_what, headers, path) => {
    const response = await act(headers, path)
    expect(response.headers.get("x-middleware-next")).toBeNull()
    expect(response.status).toBe(path === "/api/me" ? 401 : 303)
  })

  test("a server action from another site is refused, with or without a session", async () => {
    for (const cookie of ["", COOKIE]) expect((await act({ origin: "https://evil.example", cookie })).status).toBe(403)
    expect(asked).toEqual([])
  })

  test.each(["GET", "HEAD", "PUT", "DELETE"])(
    "%s with an action's header is no action: a stranger is refused",
    async (method) => {
      const response = await app.middleware(ask({ method, headers: { ...page, "next-action": "1a2b3" } }))
      expect(response.status).toBe(303)
    },
  )

  test.each([
    ["several of one name", `${COOKIE}; ory_kratos_session=two; ory_kratos_session=three`, 1],
    ["8 kB of others", `${"junk=x; ".repeat(1000)}${COOKIE}`, 1],
    ["odd bytes in others", `a=caf\u00e9; b=\u00ff; ${COOKIE}; c="`, 1],
    ["odd bytes in Ory's", "ory_kratos_session=caf\u00e9", 0],
    ["nothing but separators", ";;; ;=;=", 0],
    ["the name alone", "ory_kratos_session", 0],
  ])("cookies with %s: a decision", async (_what, cookie, calls) => {
    const response = await app.middleware(ask({ headers: { ...page, cookie } }))
    expect(response.headers.get("x-middleware-next")).toBe(calls === 0 ? null : "1")
    expect(response.status).toBe(calls === 0 ? 303 : 200)
    expect(asked).toHaveLength(calls)
  })

  test("without a secret every page view asks Ory, and passes", async () => {
    app = await withEnv({ SESSION_SECRET: "" })
    for (let times = 0; times < 3; times++)
      forwarded(await app.middleware(ask({ headers: { ...page, cookie: COOKIE } })))
    expect(asked).toHaveLength(3)
  })

  test.each([
    ["localhost:3000", HTTP],
    ["app.example.com", HTTPS],
    ["evil.example", HTTP],
    ["app.example.com.evil.example", HTTP],
  ])("host %s: this app is at %s, whatever a proxy or a client says besides", async (host, appUrl) => {
    const lies = {
      "x-forwarded-host": "evil.example",
      "x-forwarded-proto": "https",
      forwarded: "host=evil.example;proto=https",
    }
    const response = await app.middleware(ask({ headers: { ...page, ...lies, host } }))
    expect(response.headers.get("location")).toBe(
      `${oryUrl}/self-service/login/browser?return_to=${encodeURIComponent(`${appUrl}/dashboard`)}`,
    )
    expect(response.headers.get("strict-transport-security")).toBe(appUrl === HTTPS ? "max-age=63072000" : null)
  })

  test("a snapshot from one of this app's hosts does not open on another", async () => {
    const value = (await snapshot()).slice("session_snapshot=".length)
    await app.middleware(
      ask({ headers: { ...page, host: "app.example.com", cookie: `${COOKIE}; __Host-session_snapshot=${value}` } }),
    )
    expect(asked).toHaveLength(1)
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
  ])("%s goes by the gate: %s", (path, does) => {
    expect(new RegExp(`^${app.matcher}$`).test(path)).toBe(does)
  })
})
