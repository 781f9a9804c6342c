import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { NextRequest, type NextResponse } from "next/server"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest"
import { hostilePaths } from "@/lib/ory-proxy.corpus"

/** Answers as told: what is tested is what goes up, and what becomes of an answer. The browser tests see a real Ory. */
let server: Server
let answer: RequestListener
interface Asked {
  request: IncomingMessage
  body: string
}
let asked: Asked[]
let ory: string

const APP = "http://localhost:3000"
const HTTPS = "https://app.example.com"

type Proxy = typeof import("@/lib/ory-proxy")

interface Ask {
  method?: string
  headers?: Record<string, string>
  body?: string
  appUrl?: string
}

/** The proxy as it is with these variables, which are read when its modules are first imported. */
async function proxy(variables: Record<string, string> = {}): Promise<Proxy> {
  vi.resetModules()
  vi.unstubAllEnvs()
  const all = { ORY_SDK_URL: ory, ORY_PROXY: "on", APP_URL: `${APP},${HTTPS}`, ...variables }
  for (const [name, value] of Object.entries(all)) vi.stubEnv(name, value)
  return import("@/lib/ory-proxy")
}

async function forward(
  path: string,
  { method = "GET", headers = {}, body, appUrl = APP }: Ask = {},
  variables?: Record<string, string>,
): Promise<NextResponse> {
  const request = new NextRequest(APP + path, { method, headers, body, duplex: "half" })
  const { forward } = await proxy(variables)
  const { readGateRequest } = await import("@/lib/request")
  const { refuse } = await import("@/lib/gate")
  const read = { ...readGateRequest(request), appUrl }
  // As in middleware.ts.
  return (await forward(read)) ?? refuse(read, "unavailable")
}

/** The one request that Ory got. */
function got(): Asked {
  const [first, ...others] = asked
  if (first === undefined || others.length > 0) throw new Error(`Ory was asked ${asked.length} times`)
  return first
}

/** The two requests that Ory got: what its allowed URLs are, then the one that was forwarded. */
function both(): [Asked, Asked] {
  const [first, second, ...others] = asked
  if (first === undefined || second === undefined || others.length > 0)
    throw new Error(`Ory was asked ${asked.length} times`)
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
      asked.push({ request, body: Buffer.concat(chunks).toString() })
      answer(request, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve))
  ory = `http://localhost:${(server.address() as AddressInfo).port}`
})

beforeEach(() => {
  vi.spyOn(console, "error").mockReturnValue()
  asked = []
  answer = json(200, {})
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

describe("where a request goes", () => {
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
  ])("%s: to that path of Ory's", async (path) => {
    await forward(path)
    expect(got().request.url).toBe(path)
  })

  test("the corpus is large, and names nothing twice", () => {
    expect(new Set(hostilePaths).size).toBe(hostilePaths.length)
    expect(hostilePaths.length).toBeGreaterThanOrEqual(60)
  })

  test.each(hostilePaths)("%j: nowhere, as it is written", async (path) => {
    expect(await (await proxy()).forwardedUrl(path, new URLSearchParams())).toBeUndefined()
  })

  test.each(hostilePaths)("%j: nowhere, or to a path of Ory's, as a URL parser reads it", async (path) => {
    const { forwardedUrl } = await proxy()
    for (const base of [APP, `${APP}/self-service/`]) {
      const { pathname } = URL.canParse(path, base) ? new URL(path, base) : { pathname: "/" }
      const url = await forwardedUrl(pathname, new URLSearchParams())
      if (url === undefined) continue
      expect(url.origin).toBe(ory)
      expect(url.pathname).toBe(pathname)
      expect(url.pathname).toMatch(/^\/(self-service|sessions|schemas|\.well-known\/ory)(\/|$)/)
    }
  })

  test("a path that is not Ory's is 404, and Ory is not asked", async () => {
    const response = await forward("/self-service/%2e%2e%2fadmin")
    expect(response.status).toBe(404)
    expect(response.headers.get("cache-control")).toBe("private, no-store")
    expect(asked).toEqual([])
  })

  test.each(["PUT", "PATCH", "OPTIONS", "PROPFIND"])(
    "%s is 405: Ory's paths know no such thing from browsers",
    async (method) => {
      const response = await forward("/self-service/login", { method })
      expect(response.status).toBe(405)
      expect(response.headers.get("allow")).toBe("GET, HEAD, POST, DELETE")
      expect(asked).toEqual([])
    },
  )

  test.each(["GET", "HEAD", "POST", "DELETE"])("%s goes as %s", async (method) => {
    await forward("/sessions/whoami", { method })
    expect(got().request.method).toBe(method)
  })

  test("a query goes along, however it is written", async () => {
    await forward("/self-service/login?flow=1&x=a%26b&x=%0d%0aHost:%20evil.example&y=http://evil.example")
    const { searchParams } = new URL(got().request.url ?? "", ory)
    expect([...searchParams]).toEqual([
      ["flow", "1"],
      ["x", "a&b"],
      ["x", "\r\nHost: evil.example"],
      ["y", "http://evil.example"],
    ])
  })

  test("a form goes up as it was typed, whatever its size", async () => {
    const body = `password=${"%41ä".repeat(100_000)}`
    await forward("/self-service/login?flow=1", {
      method: "POST",
      body,
      headers: { "content-type": "application/x-www-form-urlencoded" },
    })
    expect(got().body).toBe(body)
    expect(got().request.headers["content-type"]).toBe("application/x-www-form-urlencoded")
  })

  test.each([
    ["Next's router", { accept: "*/*", "sec-fetch-dest": "empty" }],
    ["a prefetch", { accept: "text/html", "sec-fetch-dest": "document", "sec-purpose": "prefetch" }],
    ["a prerender", { accept: "text/html", "sec-fetch-dest": "document", "sec-purpose": "prefetch;prerender" }],
  ])("%s gets nothing, and begins no flow", async (_who, headers) => {
    const response = await forward("/self-service/login/browser", { headers })
    expect(response.status).toBe(204)
    expect(asked).toEqual([])
  })

  test.each([
    ["a page load", { accept: "text/html", "sec-fetch-dest": "document" }],
    ["a fetch that wants JSON", { accept: "application/json", "sec-fetch-dest": "empty" }],
    ["a client that says nothing", {}],
  ])("%s begins one", async (_who, headers) => {
    await forward("/self-service/login/browser", { headers: headers })
    expect(got().request.url).toBe("/self-service/login/browser")
  })
})

describe("a write from another site", () => {
  const paths = ["/self-service/login?flow=1", "/self-service/settings?flow=1", "/sessions"]
  const origins = [
    "https://evil.example",
    "null",
    "",
    "http://localhost:3000.evil.example",
    "https://localhost:3000",
    HTTPS,
  ]

  test.each(origins)("is refused when Origin is %j", async (origin) => {
    for (const path of paths)
      for (const method of ["POST", "DELETE"]) {
        const response = await forward(path, { method, headers: { origin } })
        expect([response.status, await response.text()], `${method} ${path}`).toEqual([
          403,
          "This request was sent from another site.",
        ])
        expect(response.headers.get("cache-control")).toBe("private, no-store")
      }
    expect(asked).toEqual([])
  })

  test.each([
    ["this app's own page", "/self-service/login?flow=1", { origin: APP }],
    ["a client that is no browser", "/self-service/login?flow=1", {}],
    [
      "Apple, coming back from its sign-in",
      "/self-service/methods/oidc/callback/apple",
      { origin: "https://appleid.apple.com" },
    ],
    [
      "a provider of an organization",
      "/self-service/methods/oidc/organization/1/callback/x",
      { origin: "https://idp.example" },
    ],
    ["a SAML provider", "/self-service/methods/saml/acs/x", { origin: "null" }],
  ])("is not what %s sends", async (_who, path, headers) => {
    await forward(path, { method: "POST", headers })
    expect(got().request.url).toBe(path)
  })
})

describe("what goes up", () => {
  test("only what Ory needs, and Ory's own cookies", async () => {
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
    const headers = { ...got().request.headers }
    // What Node's fetch adds by itself.
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

  test("with a project's token, its permission to say this app's origin", async () => {
    await forward(
      "/sessions/whoami",
      { headers: { "ory-base-url-rewrite-token": "forged" }, appUrl: HTTPS },
      { ORY_PROJECT_API_TOKEN: "ory_pat_1" },
    )
    expect(got().request.headers).toMatchObject({
      "ory-base-url-rewrite": HTTPS,
      "ory-base-url-rewrite-token": "ory_pat_1",
    })
  })

  test.each([
    // Behind TLS, what the nearest proxy put there; what a client sent stands before it.
    [HTTPS, {}, { "x-forwarded-for": "203.0.113.7" }, "203.0.113.7"],
    [HTTPS, {}, { "x-forwarded-for": "6.6.6.6, 203.0.113.7" }, "203.0.113.7"],
    [HTTPS, {}, { "x-forwarded-for": "6.6.6.6,2001:db8::7" }, "2001:db8::7"],
    [HTTPS, {}, { "x-forwarded-for": "6.6.6.6, unknown" }, undefined],
    [HTTPS, {}, { "x-forwarded-for": "203.0.113.7, x\u00e4" }, undefined],
    [HTTPS, {}, { "x-vercel-forwarded-for": "6.6.6.6" }, undefined],
    [HTTPS, {}, {}, undefined],
    // On Vercel, what Vercel says
    [HTTPS, { VERCEL: "1" }, { "x-forwarded-for": "6.6.6.6", "x-vercel-forwarded-for": "203.0.113.7" }, "203.0.113.7"],
    [HTTPS, { VERCEL: "1" }, { "x-forwarded-for": "6.6.6.6" }, undefined],
    // Nothing in front that could be believed
    [APP, {}, { "x-forwarded-for": "6.6.6.6" }, undefined],
  ])("at %s with %j, %j is the client %s", async (appUrl, variables, headers, address) => {
    await forward("/sessions/whoami", { appUrl, headers: headers }, variables)
    expect(got().request.headers["x-forwarded-for"]).toBe(address)
  })

  const here = (path: string): string => encodeURIComponent(APP + path)
  test.each([
    ["a page of this app", here("/dashboard?a=1&b=2#c"), "/dashboard?a=1&b=2#c"],
    ["the landing page", here(""), "/"],
    ["another origin of this app", encodeURIComponent(`${HTTPS}/dashboard`), "/dashboard"],
    [
      "Ory's own settings, with a way back",
      here(`/self-service/settings?flow=1&return_to=${here("/account")}`),
      "/self-service/settings?flow=1&return_to=ORY%2Faccount",
    ],
  ])("return_to, %s, is a URL of Ory's", async (_what, value, path) => {
    for (const name of ["return_to", "after_verification_return_to"]) {
      asked = []
      await forward(`/self-service/login/browser?refresh=true&${name}=${value}`)
      const [probe, { request }] = both()
      expect(probe.request.url).toBe(`/self-service/login/browser?return_to=${encodeURIComponent(`${ory}/`)}`)
      const { searchParams } = new URL(request.url ?? "", ory)
      expect(searchParams.get("refresh")).toBe("true")
      expect(searchParams.get(name)).toBe(ory + path.replace("ORY", encodeURIComponent(ory)))
    }
  })

  /** An Ory that refuses its own pages, as a Kratos whose base URL is this app's does. */
  const refusesOwn: RequestListener = (request, response) => {
    const back = new URL(request.url ?? "", ory).searchParams.get("return_to") ?? ""
    const refused = back.startsWith(ory)
    json(refused ? 400 : 200, refused ? { error: { id: "self_service_flow_return_to_forbidden" } } : {})(
      request,
      response,
    )
  }

  test("return_to stays this app's for an Ory that refuses its own pages, which is looked up once", async () => {
    vi.useFakeTimers({ toFake: ["Date"] })
    answer = refusesOwn
    const { forOry } = await proxy()
    const pages = [
      `${APP}/dashboard`,
      `${HTTPS}/account?a=1`,
      `${APP}/self-service/settings?return_to=${here("/account")}`,
    ]
    for (const page of pages) expect(await forOry(page)).toBe(page)
    expect(asked).toHaveLength(1)
    expect(asked[0]?.request.headers.cookie).toBeUndefined()

    // A configuration that was changed takes effect.
    answer = json(200, {})
    vi.advanceTimersByTime(299_000)
    expect(await forOry(`${APP}/dashboard`)).toBe(`${APP}/dashboard`)
    vi.advanceTimersByTime(2000)
    expect(await forOry(`${APP}/dashboard`)).toBe(`${ory}/dashboard`)
    expect(asked).toHaveLength(2)
  })

  test.each<[string, RequestListener]>([
    ["429", json(429, {})],
    ["500", json(500, {})],
    ["a dead connection", (request) => request.socket.destroy()],
  ])("an Ory that answers %s is unavailable, and nothing is concluded from it", async (_what, wrong) => {
    answer = wrong
    const { forOry } = await proxy()
    await expect(forOry(`${APP}/dashboard`)).rejects.toThrow()
    expect((await forward(`/self-service/login/browser?return_to=${here("/dashboard")}`)).status).toBe(503)
    answer = refusesOwn
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
  ])("return_to, %j, is Ory's to refuse", async (value) => {
    await forward(`/self-service/login/browser?return_to=${encodeURIComponent(value)}`)
    expect(new URL(got().request.url ?? "", ory).searchParams.get("return_to")).toBe(value)
  })
})

describe("what comes back", () => {
  test("the status, and of the headers only those that are this app's to pass on", async () => {
    answer = json(
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
  ])("at %s the cookie %s", async (appUrl, setCookie, expected) => {
    answer = json(200, {}, { "set-cookie": ["csrf_token_0=first; Path=/", setCookie] })
    const response = await forward("/sessions/whoami", { appUrl })
    expect(response.headers.getSetCookie().slice(1)).toEqual(expected === undefined ? [] : [expected])
  })

  const elsewhere =
    "https://accounts.google.com/o/oauth2/auth?redirect_uri=https%3A%2F%2Fdemo.projects.oryapis.com%2F&a=b%20c"
  const locations: [name: string, location: () => string, expected: string][] = [
    ["Ory's own", () => `${ory}/self-service/settings?flow=1`, `${APP}/self-service/settings?flow=1`],
    [
      "Ory's own, as it calls itself behind a proxy that ends TLS",
      () => `${ory.replace("http:", "https:")}/self-service/settings`,
      `${APP}/self-service/settings`,
    ],
    ["a path", () => "/self-service/login/browser?a=b#c", `${APP}/self-service/login/browser?a=b#c`],
    ["a path from here", () => "../browser", `${APP}/self-service/browser`],
    [
      "another origin of this app, as a preview sees production",
      () => `${HTTPS}/auth/login?flow=1`,
      `${APP}/auth/login?flow=1`,
    ],
    ["Ory's page for login", () => `${ory}/ui/login?flow=1`, `${APP}/auth/login?flow=1`],
    ["Ory's page for registration", () => `${ory}/ui/registration?flow=1`, `${APP}/auth/registration?flow=1`],
    ["Ory's page for recovery", () => `${ory}/ui/recovery?flow=1`, `${APP}/auth/recovery?flow=1`],
    ["Ory's page for verification", () => `${ory}/ui/verification?flow=1`, `${APP}/auth/verification?flow=1`],
    ["Ory's page for settings", () => `${ory}/ui/settings?flow=1`, `${APP}/account/settings?flow=1`],
    ["Ory's page for errors", () => `${ory}/ui/error?id=1`, `${APP}/auth/error?id=1`],
    ["Ory's page for everybody", () => `${ory}/ui/welcome`, `${APP}/dashboard`],
    ["Ory's newer page for login", () => `${ory}/login?flow=1`, `${APP}/auth/login?flow=1`],
    ["Ory's page, with this app's origin written into it", () => `${APP}/ui/login?flow=1`, `${APP}/auth/login?flow=1`],
    ["a page of this app that is named like one of Ory's", () => `${ory}/settings?tab=1`, `${APP}/settings?tab=1`],
    ["a page below one of Ory's", () => `${ory}/ui/login/x?flow=1`, `${APP}/ui/login/x?flow=1`],
    ["no page at all", () => `${ory}/ui/constructor?flow=1`, `${APP}/ui/constructor?flow=1`],
    ["where someone wanted to return to", () => `${ory}/dashboard?a=1&b=%2F`, `${APP}/dashboard?a=1&b=%2F`],
    [
      "nested",
      () =>
        `${ory}/self-service/login/browser?refresh=true&return_to=${encodeURIComponent(`${ory}/self-service/settings?flow=1&return_to=${encodeURIComponent(`${ory}/ui/welcome`)}`)}`,
      `${APP}/self-service/login/browser?refresh=true&return_to=${encodeURIComponent(`${APP}/self-service/settings?flow=1&return_to=${encodeURIComponent(`${APP}/dashboard`)}`)}`,
    ],
    ["a social provider", () => elsewhere, elsewhere],
    ["a host that only ends like Ory's", () => `http://evil.${new URL(ory).host}/`, "itself"],
    ["two slashes", () => `${ory}//evil.example/`, `${APP}//evil.example/`],
  ]
  test.each(locations)("a redirect to %s", async (_name, location, expected) => {
    answer = (_request, response) =>
      response.writeHead(303, { location: location(), "content-type": "text/html" }).end("<a>See other</a>")
    const response = await forward("/self-service/login/browser")
    expect(response.status).toBe(303)
    expect(response.headers.get("location")).toBe(expected === "itself" ? new URL(location()).href : expected)
    expect(response.headers.get("content-type")).toBeNull()
    expect(await response.text()).toBe("")
  })

  test("URLs in JSON, and nobody's own words", async () => {
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
    answer = json(200, flow(ory))
    expect(await (await forward("/self-service/login/flows?id=1")).json()).toEqual(flow(APP))
  })

  test("a script, as it comes", async () => {
    answer = (_request, response) =>
      response.writeHead(200, { "content-type": "text/javascript; charset=UTF-8" }).end(`fetch("${ory}")`)
    const response = await forward("/.well-known/ory/webauthn.js")
    expect(await response.text()).toBe(`fetch("${ory}")`)
    expect(response.headers.get("content-type")).toBe("text/javascript; charset=UTF-8")
  })

  test.each([204, 304])("nothing with %d", async (status) => {
    answer = (_request, response) => response.writeHead(status).end()
    const response = await forward("/sessions/1", { method: "DELETE" })
    expect(response.status).toBe(status)
    expect(response.body).toBeNull()
  })

  test.each([400, 401, 403, 404, 405, 410])("%d in words of its own is %d, and empty", async (status) => {
    answer = (_request, response) =>
      response.writeHead(status, { "content-type": "text/html" }).end("<script>alert(1)</script>")
    const response = await forward("/self-service/nothing")
    expect(response.status).toBe(status)
    expect(await response.text()).toBe("")
  })
})

describe("while Ory does not answer", () => {
  const answers: [name: string, answer: RequestListener][] = [
    ["with 429", json(429, {})],
    ["with 500", json(500, { error: {} })],
    [
      "with 502 and HTML",
      (_request, response) => response.writeHead(502, { "content-type": "text/html" }).end("<h1>Bad gateway"),
    ],
    [
      "with a page",
      (_request, response) => response.writeHead(200, { "content-type": "text/html" }).end("<h1>Maintenance"),
    ],
    ["with no type", (_request, response) => response.writeHead(200).end("x")],
    [
      "with an image that holds a script",
      (_request, response) => response.writeHead(200, { "content-type": "image/svg+xml" }).end("<svg/>"),
    ],
    ["with half a JSON", json(200, '{"id": "')],
    ["with too much JSON", json(200, `"${"x".repeat(1_000_001)}"`)],
    [
      "with a redirect to a script",
      (_request, response) => response.writeHead(303, { location: "javascript:alert(1)" }).end(),
    ],
    ["with a redirect to nowhere", (_request, response) => response.writeHead(303, { location: "http://[" }).end()],
    ["and the connection dies", (_request, response) => response.destroy()],
    [
      "and the connection dies midway",
      (_request, response) =>
        response
          .writeHead(200, { "content-type": "application/json", "content-length": "100" })
          .write("{", () => response.destroy()),
    ],
  ]

  test.each(answers)("%s: 503, by kind of request, with no cookie and nothing of Ory's", async (_name, wrong) => {
    answer = (request, response) => {
      response.setHeader("set-cookie", "ory_kratos_session=; Max-Age=0")
      wrong(request, response)
    }
    const loaded = await forward("/self-service/login/browser", {
      headers: { accept: "text/html", "sec-fetch-dest": "document" },
    })
    expect(loaded.headers.get("x-middleware-rewrite")).toBe(`${APP}/unavailable`)
    const fetched = await forward("/self-service/login", {
      method: "POST",
      body: "{}",
      headers: { accept: "application/json", "sec-fetch-dest": "empty" },
    })
    expect(await fetched.json()).toEqual({
      error: { code: "ory_unavailable", message: "The session could not be checked. Try again." },
    })
    for (const { status, headers } of [loaded, fetched]) {
      expect(status).toBe(503)
      expect(headers.get("retry-after")).toBe("5")
      expect(headers.get("cache-control")).toBe("private, no-store")
      expect(headers.get("set-cookie")).toBeNull()
      expect(headers.get("location")).toBeNull()
    }
  })

  test("the log says what was asked and why, without query or cookies", async () => {
    answer = json(500, {})
    await forward("/self-service/login?flow=secret", { headers: { cookie: "ory_kratos_session=secret" } })
    expect(console.error).toHaveBeenCalledWith(`Ory at ${ory} did not respond to GET /self-service/login: status 500`)
    answer = json(200, '{"secret": secret}')
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
  ])("%s %s may take %d ms", async (method, path, limit) => {
    const timeout = vi
      .spyOn(AbortSignal, "timeout")
      .mockReturnValue(AbortSignal.abort(new DOMException("too late", "TimeoutError")))
    expect((await forward(path, { method })).status).toBe(503)
    expect(timeout).toHaveBeenCalledWith(limit)
  })
})

test("where the browser reaches Ory directly, nothing is changed", async () => {
  const { forBrowser, forOry } = await proxy({ ORY_PROXY: "", ORY_SDK_URL: "http://localhost:4000" })
  expect(forBrowser("http://localhost:4000/ui/login?flow=1", APP)).toBe("http://localhost:4000/ui/login?flow=1")
  expect(await forOry(`${APP}/dashboard`)).toBe(`${APP}/dashboard`)
  const { browserCookie } = await import("@/lib/ory")
  expect(browserCookie("a=b; Domain=example.com", APP)).toBe("a=b; Domain=example.com")
})
