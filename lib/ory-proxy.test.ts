import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { NextRequest, type NextResponse } from "next/server"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest"
import { hostilePaths } from "@/lib/ory-proxy.corpus"

/** Stands in for Ory's HTTP API: records requests and lets tests choose responses. The browser tests run against a real Ory. */
let server: Server
let respond: RequestListener
interface ReceivedRequest {
  request: IncomingMessage
  body: string
}
let requestsToOry: ReceivedRequest[]
let ory: string

const APP = "http://localhost:3000"
const HTTPS = "https://app.example.com"

type Proxy = typeof import("@/lib/ory-proxy")

interface RequestOptions {
  method?: string
  headers?: Record<string, string>
  body?: string
  appUrl?: string
}

/** Imports a new copy of the proxy, because its modules read the environment on first import. */
async function importProxy(variables: Record<string, string> = {}): Promise<Proxy> {
  vi.resetModules()
  vi.unstubAllEnvs()
  const all = { ORY_SDK_URL: ory, ORY_PROXY: "on", APP_URL: `${APP},${HTTPS}`, ...variables }
  for (const [name, value] of Object.entries(all)) vi.stubEnv(name, value)
  return import("@/lib/ory-proxy")
}

async function forward(
  path: string,
  { method = "GET", headers = {}, body, appUrl = APP }: RequestOptions = {},
  variables?: Record<string, string>,
): Promise<NextResponse> {
  const request = new NextRequest(APP + path, { method, headers, body, duplex: "half" })
  const { forward } = await importProxy(variables)
  const { readGateRequest } = await import("@/lib/request")
  const { refuse } = await import("@/lib/gate")
  const read = { ...readGateRequest(request), appUrl }
  // As in middleware.ts.
  return (await forward(read)) ?? refuse(read, "unavailable")
}

/** The only request that Ory received. */
function onlyRequest(): ReceivedRequest {
  const [first, ...others] = requestsToOry
  if (first === undefined || others.length > 0) throw new Error(`Ory received ${requestsToOry.length} requests`)
  return first
}

/** The two requests that Ory received: the probe for its allowed URLs, then the forwarded request. */
function probeAndRequest(): [ReceivedRequest, ReceivedRequest] {
  const [first, second, ...others] = requestsToOry
  if (first === undefined || second === undefined || others.length > 0)
    throw new Error(`Ory received ${requestsToOry.length} requests`)
  return [first, second]
}

const json =
  (status: number, body: unknown, headers: Record<string, string | string[]> = {}) =>
  (_request: IncomingMessage, response: ServerResponse): void => {
    response
      .writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers })
      .end(typeof body === "string" ? body : JSON.stringify(body))
  }

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on("data", (chunk: Buffer) => chunks.push(chunk))
    request.on("end", () => {
      requestsToOry.push({ request, body: Buffer.concat(chunks).toString() })
      respond(request, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve))
  ory = `http://localhost:${(server.address() as AddressInfo).port}`
})

beforeEach(() => {
  vi.spyOn(console, "error").mockReturnValue()
  requestsToOry = []
  respond = json(200, {})
})

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

afterAll(async () => {
  vi.unstubAllEnvs()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

describe("request routing", () => {
  test.each([
    "/self-service/login/browser",
    "/self-service/login",
    "/self-service/methods/oidc/callback/google",
    "/self-service/methods/oidc/callback/my_provider-1.0",
    "/sessions",
    "/sessions/whoami",
    "/sessions/3f1c6b9e-6d55-4c6a-9d0c-0c1f6f7d0a11",
    "/schemas",
    "/schemas/ZGVmYXVsdA",
    "/.well-known/ory/webauthn.js",
  ])("forwards %s to the same path on Ory", async (path) => {
    await forward(path)
    expect(onlyRequest().request.url).toBe(path)
  })

  test("the corpus is large and has no duplicates", () => {
    expect(new Set(hostilePaths).size).toBe(hostilePaths.length)
    expect(hostilePaths.length).toBeGreaterThanOrEqual(60)
  })

  test.each(hostilePaths)("does not forward the unparsed path %j", async (path) => {
    expect(await (await importProxy()).forwardedUrl(path, new URLSearchParams())).toBeUndefined()
  })

  test.each(hostilePaths)("after URL parsing, forwards %j to a public path of Ory or not at all", async (path) => {
    const { forwardedUrl } = await importProxy()
    for (const base of [APP, `${APP}/self-service/`]) {
      const { pathname } = URL.canParse(path, base) ? new URL(path, base) : { pathname: "/" }
      const url = await forwardedUrl(pathname, new URLSearchParams())
      if (url === undefined) continue
      expect(url.origin).toBe(ory)
      expect(url.pathname).toBe(pathname)
      expect(url.pathname).toMatch(/^\/(self-service|sessions|schemas|\.well-known\/ory)(\/|$)/)
    }
  })

  test("returns 404 for a path that is not Ory's, without a request to Ory", async () => {
    const response = await forward("/self-service/%2e%2e%2fadmin")
    expect(response.status).toBe(404)
    expect(response.headers.get("cache-control")).toBe("private, no-store")
    expect(requestsToOry).toEqual([])
  })

  test.each(["PUT", "PATCH", "OPTIONS", "PROPFIND"])(
    "returns 405 for %s, which Ory's browser API does not use",
    async (method) => {
      const response = await forward("/self-service/login", { method })
      expect(response.status).toBe(405)
      expect(response.headers.get("allow")).toBe("GET, HEAD, POST, DELETE")
      expect(requestsToOry).toEqual([])
    },
  )

  test.each(["GET", "HEAD", "POST", "DELETE"])("forwards %s requests with their method", async (method) => {
    await forward("/sessions/whoami", { method })
    expect(onlyRequest().request.method).toBe(method)
  })

  test("forwards the query, and escapes special characters", async () => {
    await forward("/self-service/login?flow=1&x=a%26b&x=%0d%0aHost:%20evil.example&y=http://evil.example")
    const { searchParams } = new URL(onlyRequest().request.url ?? "", ory)
    expect([...searchParams]).toEqual([
      ["flow", "1"],
      ["x", "a&b"],
      ["x", "\r\nHost: evil.example"],
      ["y", "http://evil.example"],
    ])
  })

  test("forwards a large form body unchanged", async () => {
    const body = `password=${"%41ä".repeat(100_000)}`
    await forward("/self-service/login?flow=1", {
      method: "POST",
      body,
      headers: { "content-type": "application/x-www-form-urlencoded" },
    })
    expect(onlyRequest().body).toBe(body)
    expect(onlyRequest().request.headers["content-type"]).toBe("application/x-www-form-urlencoded")
  })

  test("returns an empty response for a fetch by Next's router, which then loads the page", async () => {
    const response = await forward("/self-service/login/browser", {
      headers: { accept: "*/*", "sec-fetch-dest": "empty" },
    })
    expect([response.status, await response.text()]).toEqual([200, ""])
    expect(response.headers.get("content-type")).toContain("text/plain")
    expect(requestsToOry).toEqual([])
  })

  test.each([
    ["a prefetch", { accept: "text/html", "sec-fetch-dest": "document", "sec-purpose": "prefetch" }],
    ["a prerender", { accept: "text/html", "sec-fetch-dest": "document", "sec-purpose": "prefetch;prerender" }],
  ])("returns an empty 204 for %s, so that no flow starts", async (_what, headers) => {
    const response = await forward("/self-service/login/browser", { headers })
    expect(response.status).toBe(204)
    expect(requestsToOry).toEqual([])
  })

  test.each([
    ["a page load", { accept: "text/html", "sec-fetch-dest": "document" }],
    ["a fetch that accepts JSON", { accept: "application/json", "sec-fetch-dest": "empty" }],
    ["a request without headers", {}],
  ])("starts a flow for %s", async (_what, headers) => {
    await forward("/self-service/login/browser", { headers: headers })
    expect(onlyRequest().request.url).toBe("/self-service/login/browser")
  })
})

describe("the Origin check", () => {
  const paths = ["/self-service/login?flow=1", "/self-service/settings?flow=1", "/sessions"]
  const origins = [
    "https://evil.example",
    "null",
    "",
    "http://localhost:3000.evil.example",
    "https://localhost:3000",
    HTTPS,
  ]

  test.each(origins)("refuses writes with the Origin %j", async (origin) => {
    for (const path of paths)
      for (const method of ["POST", "DELETE"]) {
        const response = await forward(path, { method, headers: { origin } })
        expect([response.status, await response.text()], `${method} ${path}`).toEqual([
          403,
          "This request was sent from another site.",
        ])
        expect(response.headers.get("cache-control")).toBe("private, no-store")
      }
    expect(requestsToOry).toEqual([])
  })

  test.each([
    ["a page of this app", "/self-service/login?flow=1", { origin: APP }],
    ["a client without an Origin", "/self-service/login?flow=1", {}],
    ["Sign in with Apple", "/self-service/methods/oidc/callback/apple", { origin: "https://appleid.apple.com" }],
    [
      "an organization's provider",
      "/self-service/methods/oidc/organization/1/callback/x",
      { origin: "https://idp.example" },
    ],
    ["a SAML provider", "/self-service/methods/saml/acs/x", { origin: "null" }],
  ])("allows a POST from %s", async (_what, path, headers) => {
    await forward(path, { method: "POST", headers })
    expect(onlyRequest().request.url).toBe(path)
  })
})

describe("the request to Ory", () => {
  test("contains only the headers that Ory needs, and only Ory's cookies", async () => {
    await forward("/sessions/whoami", {
      headers: {
        accept: "application/json",
        "accept-language": "de",
        "user-agent": "a browser",
        cookie:
          "tracker=1; ory_kratos_session=a; __Host-session_snapshot=b; csrf_token_x=c; ory_session_demo=d; ory_kratos_continuity=e; xory_session_=f",
        authorization: "Bearer hunter2",
        "x-session-token": "hunter2",
        "x-session-handoff": "hunter2",
        origin: APP,
        referer: `${APP}/account?secret=1`,
        host: "evil.example",
        forwarded: "for=6.6.6.6",
        "x-forwarded-host": "evil.example",
        "x-forwarded-proto": "gopher",
        "x-real-ip": "6.6.6.6",
        "true-client-ip": "6.6.6.6",
        "cf-connecting-ip": "6.6.6.6",
        "ory-base-url-rewrite": "https://evil.example",
        "ory-base-url-rewrite-token": "forged",
        "x-anything": "1",
      },
    })
    const headers = { ...onlyRequest().request.headers }
    // Node's fetch adds these headers.
    for (const name of ["connection", "accept-encoding", "sec-fetch-mode", "cache-control", "pragma"])
      Reflect.deleteProperty(headers, name)
    expect(headers).toEqual({
      host: new URL(ory).host,
      accept: "application/json",
      "accept-language": "de",
      "user-agent": "a browser",
      cookie: "ory_kratos_session=a; ory_session_demo=d; csrf_token_x=c; ory_kratos_continuity=e",
      "ory-base-url-rewrite": APP,
      "ory-no-custom-domain-redirect": "true",
    })
  })

  test("contains the project's token, which permits rewriting URLs to this app's origin", async () => {
    await forward(
      "/sessions/whoami",
      { headers: { "ory-base-url-rewrite-token": "forged" }, appUrl: HTTPS },
      { ORY_PROJECT_API_TOKEN: "ory_pat_1" },
    )
    expect(onlyRequest().request.headers).toMatchObject({
      "ory-base-url-rewrite": HTTPS,
      "ory-base-url-rewrite-token": "ory_pat_1",
    })
  })

  test.each([
    // Behind TLS, the nearest proxy appends the last address. A client can forge only the ones before it.
    [HTTPS, {}, { "x-forwarded-for": "203.0.113.7" }, "203.0.113.7"],
    [HTTPS, {}, { "x-forwarded-for": "6.6.6.6, 203.0.113.7" }, "203.0.113.7"],
    [HTTPS, {}, { "x-forwarded-for": "6.6.6.6,2001:db8::7" }, "2001:db8::7"],
    [HTTPS, {}, { "x-forwarded-for": "6.6.6.6, unknown" }, undefined],
    [HTTPS, {}, { "x-forwarded-for": "203.0.113.7, x\u00e4" }, undefined],
    [HTTPS, {}, { "x-vercel-forwarded-for": "6.6.6.6" }, undefined],
    [HTTPS, {}, {}, undefined],
    // On Vercel, only Vercel's own header is trusted.
    [HTTPS, { VERCEL: "1" }, { "x-forwarded-for": "6.6.6.6", "x-vercel-forwarded-for": "203.0.113.7" }, "203.0.113.7"],
    [HTTPS, { VERCEL: "1" }, { "x-forwarded-for": "6.6.6.6" }, undefined],
    // Without TLS there is no trusted proxy.
    [APP, {}, { "x-forwarded-for": "6.6.6.6" }, undefined],
  ])("at %s with %j, reads the client address from %j: %s", async (appUrl, variables, headers, address) => {
    await forward("/sessions/whoami", { appUrl, headers: headers }, variables)
    expect(onlyRequest().request.headers["x-forwarded-for"]).toBe(address)
  })

  const encodedUrl = (path: string): string => encodeURIComponent(APP + path)
  test.each([
    ["a page of this app", encodedUrl("/dashboard?a=1&b=2#c"), "/dashboard?a=1&b=2#c"],
    ["the landing page", encodedUrl(""), "/"],
    ["another origin of this app", encodeURIComponent(`${HTTPS}/dashboard`), "/dashboard"],
    [
      "Ory's settings with a nested return_to",
      encodedUrl(`/self-service/settings?flow=1&return_to=${encodedUrl("/account")}`),
      "/self-service/settings?flow=1&return_to=ORY%2Faccount",
    ],
  ])("contains a return_to on Ory's origin for %s", async (_what, value, path) => {
    for (const name of ["return_to", "after_verification_return_to"]) {
      requestsToOry = []
      await forward(`/self-service/login/browser?refresh=true&${name}=${value}`)
      const [probe, { request }] = probeAndRequest()
      expect(probe.request.url).toBe(`/self-service/login/browser?return_to=${encodeURIComponent(`${ory}/`)}`)
      const { searchParams } = new URL(request.url ?? "", ory)
      expect(searchParams.get("refresh")).toBe("true")
      expect(searchParams.get(name)).toBe(ory + path.replace("ORY", encodeURIComponent(ory)))
    }
  })

  test("rewrites a few URLs inside each other, and no more, so that a long one costs no time", async () => {
    const { forOry } = await importProxy()
    const nested = (levels: number): string =>
      levels === 0 ? `${APP}/dashboard` : `${APP}/dashboard?return_to=${encodeURIComponent(nested(levels - 1))}`
    expect(await forOry(nested(2))).not.toContain(encodeURIComponent(APP))
    expect(decodeURIComponent(decodeURIComponent(await forOry(nested(2))))).not.toContain(APP)
    const long = Array(400).fill(`${APP}/`).join("?return_to=")
    expect((await forOry(long)).length).toBeLessThan(3 * long.length)
  })

  /** Rejects a return_to on Ory's origin, like a Kratos whose base URL is this app's. */
  const rejectsOwnOrigin: RequestListener = (request, response) => {
    const returnTo = new URL(request.url ?? "", ory).searchParams.get("return_to") ?? ""
    const refused = returnTo.startsWith(ory)
    json(refused ? 400 : 200, refused ? { error: { id: "self_service_flow_return_to_forbidden" } } : {})(
      request,
      response,
    )
  }

  test("keeps a return_to on this app if Ory rejects its own origin, and caches that result", async () => {
    vi.useFakeTimers({ toFake: ["Date"] })
    respond = rejectsOwnOrigin
    const { forOry } = await importProxy()
    const pages = [
      `${APP}/dashboard`,
      `${HTTPS}/account?a=1`,
      `${APP}/self-service/settings?return_to=${encodedUrl("/account")}`,
    ]
    for (const page of pages) expect(await forOry(page)).toBe(page)
    expect(requestsToOry).toHaveLength(1)
    expect(requestsToOry[0]?.request.headers.cookie).toBeUndefined()

    // A changed configuration of Ory takes effect after five minutes.
    respond = json(200, {})
    vi.advanceTimersByTime(299_000)
    expect(await forOry(`${APP}/dashboard`)).toBe(`${APP}/dashboard`)
    vi.advanceTimersByTime(2000)
    expect(await forOry(`${APP}/dashboard`)).toBe(`${ory}/dashboard`)
    expect(requestsToOry).toHaveLength(2)
  })

  test.each<[string, RequestListener]>([
    ["429", json(429, {})],
    ["500", json(500, {})],
    ["a closed connection", (request) => request.socket.destroy()],
  ])("returns 503 and caches nothing if Ory responds to the probe with %s", async (_what, invalidResponse) => {
    respond = invalidResponse
    const { forOry } = await importProxy()
    await expect(forOry(`${APP}/dashboard`)).rejects.toThrow()
    expect((await forward(`/self-service/login/browser?return_to=${encodedUrl("/dashboard")}`)).status).toBe(503)
    respond = rejectsOwnOrigin
    expect(await forOry(`${APP}/dashboard`)).toBe(`${APP}/dashboard`)
  })

  test.each([
    "https://evil.example/",
    "//evil.example",
    "http://localhost:3000.evil.example/",
    "http://localhost:3000@evil.example/",
    "/dashboard",
    "javascript:alert(1)",
    "",
    "http://[",
  ])("contains the return_to %j unchanged, so that Ory rejects it", async (value) => {
    await forward(`/self-service/login/browser?return_to=${encodeURIComponent(value)}`)
    expect(new URL(onlyRequest().request.url ?? "", ory).searchParams.get("return_to")).toBe(value)
  })
})

describe("the response from Ory", () => {
  test("keeps its status and only the allowed headers", async () => {
    respond = json(
      422,
      { error: { id: "browser_location_change_required" } },
      {
        "access-control-allow-origin": "*",
        "access-control-allow-credentials": "true",
        "cache-control": "public, max-age=3600",
        "x-kratos-authenticated-identity-id": "1",
        "content-security-policy": "script-src *",
        "strict-transport-security": "max-age=0",
        "x-middleware-next": "1",
        "x-middleware-rewrite": "https://evil.example/",
        server: "ory",
        refresh: "0; url=https://evil.example",
      },
    )
    const response = await forward("/self-service/login", { method: "POST", body: "{}" })
    expect(response.status).toBe(422)
    expect([...response.headers.keys()].sort()).toEqual(["cache-control", "content-security-policy", "content-type"])
    expect(response.headers.get("cache-control")).toBe("private, no-store")
    expect(response.headers.get("content-security-policy")).toContain("frame-ancestors 'none'")
    expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8")
  })

  test.each([
    [
      APP,
      "ory_kratos_session=a; Path=/; Domain=demo.projects.oryapis.com; Max-Age=10; HttpOnly; Secure; SameSite=Lax",
      "ory_kratos_session=a; Path=/; Max-Age=10; HttpOnly; SameSite=Lax",
    ],
    [
      HTTPS,
      "ory_session_demo=a; Path=/; Domain=.oryapis.com; Expires=Wed, 21 Oct 2030 07:28:00 GMT; HttpOnly",
      "ory_session_demo=a; Path=/; Expires=Wed, 21 Oct 2030 07:28:00 GMT; HttpOnly; SameSite=Lax; Secure",
    ],
    [
      HTTPS,
      "csrf_token_x=a=; path=/; domain=localhost; SameSite=None; Secure; Partitioned",
      "csrf_token_x=a=; path=/; SameSite=Lax; Secure",
    ],
    [APP, "csrf_token_x=a; Path=/; SameSite=None; Secure", "csrf_token_x=a; Path=/; SameSite=Lax"],
    [
      HTTPS,
      "ory_kratos_continuity=a; Path=/; SameSite=Strict",
      "ory_kratos_continuity=a; Path=/; SameSite=Strict; Secure",
    ],
    [
      HTTPS,
      "ory_kratos_session=; Path=/; Domain=x; Max-Age=0",
      "ory_kratos_session=; Path=/; Max-Age=0; SameSite=Lax; Secure",
    ],
    [APP, "__cf_bm=a; Path=/; Domain=oryapis.com", undefined],
    [APP, "session_snapshot=forged; Path=/", undefined],
    [APP, "; Path=/", undefined],
  ])("at %s, rewrites or removes the cookie %s", async (appUrl, setCookie, expected) => {
    respond = json(200, {}, { "set-cookie": ["csrf_token_0=first; Path=/", setCookie] })
    const response = await forward("/sessions/whoami", { appUrl })
    expect(response.headers.getSetCookie().slice(1)).toEqual(expected === undefined ? [] : [expected])
  })

  const providerUrl =
    "https://accounts.google.com/o/oauth2/auth?redirect_uri=https%3A%2F%2Fdemo.projects.oryapis.com%2F&a=b%20c"
  const locations: [name: string, location: () => string, expected: string][] = [
    ["a page of Ory", () => `${ory}/self-service/settings?flow=1`, `${APP}/self-service/settings?flow=1`],
    [
      "a page of Ory on https, for an Ory behind a proxy that terminates TLS",
      () => `${ory.replace("http:", "https:")}/self-service/settings`,
      `${APP}/self-service/settings`,
    ],
    ["an absolute path", () => "/self-service/login/browser?a=b#c", `${APP}/self-service/login/browser?a=b#c`],
    ["a relative path", () => "../browser", `${APP}/self-service/browser`],
    [
      "another origin of this app, such as production for a preview",
      () => `${HTTPS}/auth/login?flow=1`,
      `${APP}/auth/login?flow=1`,
    ],
    ["Ory's page for login", () => `${ory}/ui/login?flow=1`, `${APP}/auth/login?flow=1`],
    ["Ory's page for registration", () => `${ory}/ui/registration?flow=1`, `${APP}/auth/registration?flow=1`],
    ["Ory's page for recovery", () => `${ory}/ui/recovery?flow=1`, `${APP}/auth/recovery?flow=1`],
    ["Ory's page for verification", () => `${ory}/ui/verification?flow=1`, `${APP}/auth/verification?flow=1`],
    ["Ory's page for settings", () => `${ory}/ui/settings?flow=1`, `${APP}/account/settings?flow=1`],
    ["Ory's page for errors", () => `${ory}/ui/error?id=1`, `${APP}/auth/error?id=1`],
    ["Ory's welcome page", () => `${ory}/ui/welcome`, `${APP}/dashboard`],
    ["Ory's newer page for login", () => `${ory}/login?flow=1`, `${APP}/auth/login?flow=1`],
    ["Ory's page, with this app's origin written into it", () => `${APP}/ui/login?flow=1`, `${APP}/auth/login?flow=1`],
    ["a page of this app that is named like one of Ory's", () => `${ory}/settings?tab=1`, `${APP}/settings?tab=1`],
    ["a page below one of Ory's", () => `${ory}/ui/login/x?flow=1`, `${APP}/ui/login/x?flow=1`],
    [
      "a path that is an inherited property's name",
      () => `${ory}/ui/constructor?flow=1`,
      `${APP}/ui/constructor?flow=1`,
    ],
    ["the return_to of a flow", () => `${ory}/dashboard?a=1&b=%2F`, `${APP}/dashboard?a=1&b=%2F`],
    [
      "a URL with nested return_to parameters",
      () =>
        `${ory}/self-service/login/browser?refresh=true&return_to=${encodeURIComponent(`${ory}/self-service/settings?flow=1&return_to=${encodeURIComponent(`${ory}/ui/welcome`)}`)}`,
      `${APP}/self-service/login/browser?refresh=true&return_to=${encodeURIComponent(`${APP}/self-service/settings?flow=1&return_to=${encodeURIComponent(`${APP}/dashboard`)}`)}`,
    ],
    ["a social provider", () => providerUrl, providerUrl],
    ["a host that only ends with Ory's", () => `http://evil.${new URL(ory).host}/`, "unchanged"],
    ["a path with two slashes", () => `${ory}//evil.example/`, `${APP}//evil.example/`],
  ]
  test.each(locations)("has the correct Location for a redirect to %s", async (_name, location, expected) => {
    respond = (_request, response) =>
      response.writeHead(303, { location: location(), "content-type": "text/html" }).end("<a>See other</a>")
    const response = await forward("/self-service/login/browser")
    expect(response.status).toBe(303)
    expect(response.headers.get("location")).toBe(expected === "unchanged" ? new URL(location()).href : expected)
    expect(response.headers.get("content-type")).toBeNull()
    expect(await response.text()).toBe("")
  })

  test("has rewritten URLs in JSON, but unchanged user input", async () => {
    const flow = (at: string): unknown => ({
      id: "1",
      request_url: `${at}/self-service/login/browser?return_to=${encodeURIComponent(`${at}/dashboard`)}`,
      return_to: `${at}/dashboard`,
      redirect_browser_to: at === ory ? `${at}/ui/login?flow=1` : `${at}/auth/login?flow=1`,
      continue_with: [
        {
          action: "show_verification_ui",
          flow: { id: "1", url: at === ory ? `${at}/ui/verification?flow=1` : `${at}/auth/verification?flow=1` },
        },
      ],
      expires_at: null,
      ui: {
        action: `${at}/self-service/login?flow=1`,
        nodes: [
          { attributes: { src: `${at}/.well-known/ory/webauthn.js`, nonce: "1", async: true } },
          { attributes: { name: "traits.website", value: `${ory}/mine` } },
        ],
        messages: [{ id: 1, text: `See ${ory} for more` }],
      },
      identity: { schema_url: `${at}/schemas/1`, traits: { website: `${ory}/mine` } },
      other: "https://example.org/",
    })
    respond = json(200, flow(ory))
    expect(await (await forward("/self-service/login/flows?id=1")).json()).toEqual(flow(APP))
  })

  test("contains scripts unchanged", async () => {
    respond = (_request, response) =>
      response.writeHead(200, { "content-type": "text/javascript; charset=UTF-8" }).end(`fetch("${ory}")`)
    const response = await forward("/.well-known/ory/webauthn.js")
    expect(await response.text()).toBe(`fetch("${ory}")`)
    expect(response.headers.get("content-type")).toBe("text/javascript; charset=UTF-8")
  })

  test.each([204, 304])("has no body with %d", async (status) => {
    respond = (_request, response) => response.writeHead(status).end()
    const response = await forward("/sessions/1", { method: "DELETE" })
    expect(response.status).toBe(status)
    expect(response.body).toBeNull()
  })

  test.each([400, 401, 403, 404, 405, 410])(
    "keeps the status %d of a non-JSON error, without the body",
    async (status) => {
      respond = (_request, response) =>
        response.writeHead(status, { "content-type": "text/html" }).end("<script>alert(1)</script>")
      const response = await forward("/self-service/nothing")
      expect(response.status).toBe(status)
      expect(await response.text()).toBe("")
    },
  )
})

describe("while Ory is unavailable or its response is invalid", () => {
  const invalidResponses: [name: string, respond: RequestListener][] = [
    ["the status 429", json(429, {})],
    ["the status 500", json(500, { error: {} })],
    [
      "the status 502 and HTML",
      (_request, response) => response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad gateway"),
    ],
    [
      "an HTML page",
      (_request, response) => response.writeHead(200, { "content-type": "text/html" }).end("<h1>Maintenance"),
    ],
    ["a response without a content type", (_request, response) => response.writeHead(200).end("x")],
    [
      "an SVG image",
      (_request, response) => response.writeHead(200, { "content-type": "image/svg+xml" }).end("<svg/>"),
    ],
    ["truncated JSON", json(200, '{"id": "')],
    ["JSON that is too large", json(200, `"${"x".repeat(1_000_001)}"`)],
    [
      "a redirect to a javascript: URL",
      (_request, response) => response.writeHead(303, { location: "javascript:alert(1)" }).end(),
    ],
    ["a redirect to an invalid URL", (_request, response) => response.writeHead(303, { location: "http://[" }).end()],
    ["a closed connection", (_request, response) => response.destroy()],
    [
      "a connection closed midway",
      (_request, response) =>
        response
          .writeHead(200, { "content-type": "application/json", "content-length": "100" })
          .write("{", () => response.destroy()),
    ],
  ]

  test.each(invalidResponses)("returns 503 without cookies or Ory's content for %s", async (_name, invalidResponse) => {
    respond = (request, response) => {
      response.setHeader("set-cookie", "ory_kratos_session=; Max-Age=0")
      invalidResponse(request, response)
    }
    const pageResponse = await forward("/self-service/login/browser", {
      headers: { accept: "text/html", "sec-fetch-dest": "document" },
    })
    expect(pageResponse.headers.get("x-middleware-rewrite")).toBe(`${APP}/unavailable`)
    const fetchResponse = await forward("/self-service/login", {
      method: "POST",
      body: "{}",
      headers: { accept: "application/json", "sec-fetch-dest": "empty" },
    })
    expect(await fetchResponse.json()).toEqual({
      error: {
        code: "ory_unavailable",
        message: "The session could not be checked. Try again.",
        location: null,
      },
    })
    for (const { status, headers } of [pageResponse, fetchResponse]) {
      expect(status).toBe(503)
      expect(headers.get("retry-after")).toBe("5")
      expect(headers.get("cache-control")).toBe("private, no-store")
      expect(headers.get("set-cookie")).toBeNull()
      expect(headers.get("location")).toBeNull()
    }
  })

  test("logs the request and the reason, without query or cookies", async () => {
    respond = json(500, {})
    await forward("/self-service/login?flow=secret", { headers: { cookie: "ory_kratos_session=secret" } })
    expect(console.error).toHaveBeenCalledWith(`Ory at ${ory} did not respond to GET /self-service/login: status 500`)
    respond = json(200, '{"secret": secret}')
    await forward("/sessions/whoami")
    expect(console.error).toHaveBeenLastCalledWith(
      `Ory at ${ory} did not respond to GET /sessions/whoami: invalid JSON`,
    )
  })

  test.each([
    ["GET", "/self-service/login/browser", 3000],
    ["GET", "/sessions/whoami", 3000],
    ["GET", "/self-service/methods/oidc/callback/google", 15_000],
    ["POST", "/self-service/login", 15_000],
    ["DELETE", "/sessions", 15_000],
  ])("limits %s %s to %d ms", async (method, path, limit) => {
    const timeout = vi
      .spyOn(AbortSignal, "timeout")
      .mockReturnValue(AbortSignal.abort(new DOMException("too late", "TimeoutError")))
    expect((await forward(path, { method })).status).toBe(503)
    expect(timeout).toHaveBeenCalledWith(limit)
  })
})

test("URLs and cookies are unchanged if the browser reaches Ory directly", async () => {
  const { forBrowser, forOry } = await importProxy({ ORY_PROXY: "", ORY_SDK_URL: "http://localhost:4000" })
  expect(forBrowser("http://localhost:4000/ui/login?flow=1", APP)).toBe("http://localhost:4000/ui/login?flow=1")
  expect(await forOry(`${APP}/dashboard`)).toBe(`${APP}/dashboard`)
  const { browserCookie } = await import("@/lib/ory")
  expect(browserCookie("a=b; Domain=example.com", APP)).toBe("a=b; Domain=example.com")
})
