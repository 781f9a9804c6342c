import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi, type MockInstance } from "vitest"
import type { Session } from "@/lib/ory"
import { session } from "@/lib/testing"

/** Stands in for Ory's HTTP API, so that each response can be chosen. The browser tests run against a real Ory. */
let server: Server
let respond: RequestListener
let requestsToOry: IncomingMessage[]
let logged: MockInstance<typeof console.error>
let lib: typeof import("@/lib/ory")

const COOKIE = "ory_kratos_session=secret-of-a-user"

const body = {
  id: "3f1c6b9e-6d55-4c6a-9d0c-0c1f6f7d0a11",
  active: true,
  authenticated_at: "2030-01-01T11:00:00Z",
  expires_at: "2030-01-02T11:00:00Z",
  authenticator_assurance_level: "aal1",
  authentication_methods: [{ method: "password", aal: "aal1", completed_at: "2030-01-01T11:00:00Z" }],
  issued_at: "2030-01-01T11:00:00Z",
  tokenized: "not for pages",
  devices: [{ id: "1", ip_address: "127.0.0.1:5000" }],
  identity: {
    id: "b7c2f0d4-5b0b-4a4e-8f10-2f2b5d1b7a22",
    schema_id: "default",
    traits: { email: "zoë@example.com", name: { first: "Zoë" } },
    metadata_public: { plan: "free" },
    verifiable_addresses: [{ value: "zoë@example.com", verified: true, via: "email", status: "completed" }],
  },
}

const trimmed = {
  id: body.id,
  authenticated_at: body.authenticated_at,
  expires_at: body.expires_at,
  authenticator_assurance_level: "aal1",
  authentication_methods: body.authentication_methods,
  identity: { id: body.identity.id, traits: body.identity.traits, verified: true },
}

/** Records each `Request` that axios makes. Axios uses the constructor that is global when it is first imported. */
const madeRequests: unknown[] = []

class RecordedRequest extends Request {
  constructor(...args: ConstructorParameters<typeof Request>) {
    super(...args)
    madeRequests.push(this)
  }
}

beforeAll(async () => {
  vi.stubGlobal("Request", RecordedRequest)
  server = createServer((request, response) => {
    requestsToOry.push(request)
    respond(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve))
  lib = await importWithOry(origin())
})

beforeEach(() => {
  requestsToOry = []
  logged = vi.spyOn(console, "error").mockReturnValue()
})

afterEach(() => {
  expect(JSON.stringify(logged.mock.calls), "a log line holds a cookie").not.toContain("secret-of-a-user")
  vi.restoreAllMocks()
})

afterAll(async () => {
  vi.unstubAllEnvs()
  vi.unstubAllGlobals()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

function origin(): string {
  return `http://localhost:${(server.address() as AddressInfo).port}`
}

/** Imports a new copy of the module, because it reads the environment on first import. */
async function importWithOry(oryUrl: string): Promise<typeof import("@/lib/ory")> {
  vi.resetModules()
  vi.stubEnv("ORY_SDK_URL", oryUrl)
  return import("@/lib/ory")
}

function json(status: number, value: unknown, headers: Record<string, string | string[]> = {}): RequestListener {
  return (_request, response) =>
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value))
}

function text(status: number, value: string, headers: Record<string, string> = {}): RequestListener {
  return (_request, response) => response.writeHead(status, { "content-type": "text/html", ...headers }).end(value)
}

const error = (id?: string): unknown => ({ error: { id, code: 0, status: "x", message: "session_aal2_required" } })

describe("whoami", () => {
  test("returns active for a 200 with an active session, with only the fields that pages need", async () => {
    respond = json(200, body)
    expect(await lib.whoami(COOKIE)).toEqual({
      verdict: { outcome: "active", session: trimmed },
      setCookies: [],
      issuedAt: body.issued_at,
    })
    expect(logged).not.toHaveBeenCalled()
  })

  test("sends one request with these cookies and no other credentials", async () => {
    respond = json(200, body)
    await lib.whoami(COOKIE)
    expect(requestsToOry.map(({ method, url, headers }) => [method, url, headers.cookie])).toEqual([
      ["GET", "/sessions/whoami", COOKIE],
    ])
    expect(requestsToOry[0]?.headers).not.toHaveProperty("authorization")
  })

  test("bypasses the cache of Ory Network only when the response must be fresh", async () => {
    respond = json(200, body)
    await lib.whoami(COOKIE, { fresh: true })
    await lib.whoami(COOKIE)
    const [fresh, usual] = requestsToOry.map(({ headers }) => headers["cache-control"])
    expect(fresh).toBe("max-age=0")
    expect(usual).not.toBe("max-age=0")
  })

  test.each([
    ["its address is not verified", [{ value: "zoë@example.com", verified: false }]],
    ["only another address is verified", [{ value: "zoë@example.org", verified: true }]],
    ["it has no address", []],
    ["Ory sends no addresses", undefined],
  ])("an identity is not verified if %s", async (_when, verifiable_addresses) => {
    respond = json(200, { ...body, identity: { ...body.identity, verifiable_addresses } })
    const { verdict } = await lib.whoami(COOKIE)
    expect(verdict.outcome === "active" && verdict.session.identity.verified).toBe(false)
  })

  describe("concurrent calls", () => {
    beforeEach(() => {
      respond = (request, response) =>
        setTimeout(() => {
          json(200, body)(request, response)
        }, 20)
    })

    test("with the same cookies share one request", async () => {
      const results = await Promise.all(Array.from({ length: 20 }, () => lib.whoami(COOKIE)))
      expect(results.map(({ verdict }) => verdict.outcome)).toEqual(Array(20).fill("active"))
      expect(requestsToOry).toHaveLength(1)
    })

    test("share no request once Ory has responded", async () => {
      await lib.whoami(COOKIE)
      await lib.whoami(COOKIE)
      expect(requestsToOry).toHaveLength(2)
    })

    test("with different cookies share no request", async () => {
      await Promise.all(["1", "2", "3"].map((suffix) => lib.whoami(COOKIE + suffix)))
      expect(requestsToOry.map(({ headers }) => headers.cookie).sort()).toEqual(
        ["1", "2", "3"].map((suffix) => COOKIE + suffix),
      )
    })

    test("that must be fresh join no earlier call, unless they only read", async () => {
      const calls = [{}, { fresh: true }, { fresh: true }, { fresh: true, shared: true }, { fresh: true, shared: true }]
      await Promise.all(calls.map((options) => lib.whoami(COOKIE, options)))
      expect(requestsToOry.map(({ headers }) => headers["cache-control"] === "max-age=0").sort()).toEqual([
        false,
        true,
        true,
        true,
      ])
    })

    test("share a failure, and the next call asks again", async () => {
      respond = (request) => request.socket.destroy()
      const results = await Promise.all([lib.whoami(COOKIE), lib.whoami(COOKIE)])
      expect(results.map(({ verdict }) => verdict.outcome)).toEqual(["unavailable", "unavailable"])
      respond = json(200, body)
      expect((await lib.whoami(COOKIE)).verdict.outcome).toBe("active")
      expect(requestsToOry).toHaveLength(2)
    })

    test.each([
      ["Cloudflare Workers", {}, "Cloudflare-Workers", 3],
      ["Vercel's edge", { VERCEL: "1", NEXT_RUNTIME: "edge" }, undefined, 3],
      ["a page on Vercel", { VERCEL: "1", NEXT_RUNTIME: "nodejs" }, undefined, 1],
      ["Next's own server", { NEXT_RUNTIME: "edge" }, "Node.js/26", 1],
    ])("in %s, share a request only if the runtime allows it", async (_where, variables, userAgent, calls) => {
      for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
      vi.stubGlobal("navigator", userAgent === undefined ? undefined : { userAgent })
      try {
        const { whoami } = await importWithOry(origin())
        await Promise.all([1, 2, 3].map(() => whoami(COOKIE)))
        expect(requestsToOry).toHaveLength(calls)
      } finally {
        vi.stubGlobal("navigator", undefined)
        for (const name of Object.keys(variables)) vi.stubEnv(name, undefined)
      }
    })
  })

  describe("a cookie that Ory refused", () => {
    const known = { mayBeKnown: true }

    beforeEach(async () => {
      lib = await importWithOry(origin())
      respond = json(401, error())
      await lib.whoami(COOKIE)
      requestsToOry = []
    })

    afterEach(() => {
      vi.useRealTimers()
    })

    test("costs no other call for five seconds", async () => {
      vi.useFakeTimers({ toFake: ["Date"] })
      await lib.whoami(COOKIE)
      requestsToOry = []
      for (const later of [0, 2500, 2499]) {
        vi.setSystemTime(Date.now() + later)
        expect((await lib.whoami(COOKIE, known)).verdict).toEqual({ outcome: "anonymous" })
      }
      expect(requestsToOry).toEqual([])
      vi.setSystemTime(Date.now() + 1)
      await lib.whoami(COOKIE, known)
      expect(requestsToOry).toHaveLength(1)
    })

    test("is checked again for a page load, and accepted everywhere once Ory accepts it", async () => {
      respond = json(200, body)
      expect((await lib.whoami(COOKIE)).verdict.outcome).toBe("active")
      expect((await lib.whoami(COOKIE, known)).verdict.outcome).toBe("active")
    })

    test("does not delay a sign-in, which changes the cookie", async () => {
      respond = json(200, body)
      expect((await lib.whoami(`${COOKIE}-new`, known)).verdict.outcome).toBe("active")
    })

    test("is one of a thousand at most", async () => {
      for (let start = 0; start < 1000; start += 50)
        await Promise.all(Array.from({ length: 50 }, (_, index) => lib.whoami(`ory_kratos_session=${start + index}`)))
      requestsToOry = []
      await lib.whoami("ory_kratos_session=999", known)
      expect(requestsToOry).toEqual([])
      await lib.whoami(COOKIE, known)
      expect(requestsToOry).toHaveLength(1)
    }, 60_000)

    test.each([
      ["a missing second factor", json(403, error("session_aal2_required"))],
      ["an outage", json(500, error())],
    ])("is remembered only for 401, not for %s", async (_what, response) => {
      respond = response
      for (let time = 0; time < 2; time++) await lib.whoami("ory_kratos_session=two", known)
      expect(requestsToOry).toHaveLength(2)
    })
  })

  test("returns anonymous without a request when there is no Ory cookie", async () => {
    respond = json(200, body)
    expect(await lib.whoami("")).toEqual({ verdict: { outcome: "anonymous" }, setCookies: [] })
    expect(await lib.whoami(lib.sessionCookies("theme=dark"))).toEqual({
      verdict: { outcome: "anonymous" },
      setCookies: [],
    })
    expect(requestsToOry).toEqual([])
  })

  test.each([
    [
      "a session without authentication methods",
      { ...body, authentication_methods: undefined },
      { ...trimmed, authentication_methods: [] },
    ],
    [
      "an identity without traits",
      { ...body, identity: { id: "1" } },
      { ...trimmed, identity: { id: "1", traits: {}, verified: false } },
    ],
    [
      "an identity whose traits are null",
      { ...body, identity: { id: "1", traits: null } },
      { ...trimmed, identity: { id: "1", traits: {}, verified: false } },
    ],
  ])("returns active for %s", async (_what, value, session) => {
    respond = json(200, value)
    expect((await lib.whoami(COOKIE)).verdict).toEqual({ outcome: "active", session })
  })

  test.each<[string, RequestListener]>([
    ["401", json(401, error())],
    ["401 with an empty body", text(401, "")],
    ["401 in HTML", text(401, "<h1>Unauthorized</h1>")],
    ["401 with a session in it", json(401, body)],
    ["401 with the second-factor error", json(401, error("session_aal2_required"))],
  ])("returns anonymous for %s", async (_what, listener) => {
    respond = listener
    expect((await lib.whoami(COOKIE)).verdict).toEqual({ outcome: "anonymous" })
    expect(logged).not.toHaveBeenCalled()
  })

  test("returns aal2_required for 403 session_aal2_required", async () => {
    respond = json(403, error("session_aal2_required"))
    expect((await lib.whoami(COOKIE)).verdict).toEqual({ outcome: "aal2_required" })
    expect(logged).not.toHaveBeenCalled()
  })

  const truncated = JSON.stringify(body).slice(0, 200)

  test.each<[string, RequestListener]>([
    ["403 with another error", json(403, error("security_csrf_violation"))],
    ["403 without an error id", json(403, error())],
    ["403 whose error is a string", json(403, { error: "session_aal2_required" })],
    ["403 whose error is null", json(403, { error: null })],
    ["403 with the body null", json(403, null)],
    ["403 with an empty body", text(403, "")],
    ["403 in HTML", text(403, "session_aal2_required")],
    ["200 with the second-factor error", json(200, error("session_aal2_required"))],
    ["404", json(404, error())],
    ["404 with a session in it", json(404, body)],
    ["429", json(429, error(), { "retry-after": "1" })],
    ["400", json(400, error())],
    ["422", json(422, error("browser_location_change_required"))],
    ["500", json(500, error())],
    ["500 with the second-factor error", json(500, error("session_aal2_required"))],
    ["502 in HTML", text(502, "<h1>Bad gateway</h1>")],
    ["503", text(503, "")],
    ["201 with a session in it", json(201, body)],
    ["204", (_request, response) => response.writeHead(204).end()],
    ["304", (_request, response) => response.writeHead(304).end()],
    ["a session with active: false", json(200, { ...body, active: false })],
    ["a session without active", json(200, { ...body, active: undefined })],
    ["a session whose active is a string", json(200, { ...body, active: "true" })],
    ["a session whose active is a number", json(200, { ...body, active: 1 })],
    ["a session without an id", json(200, { ...body, id: undefined })],
    ["a session with an empty id", json(200, { ...body, id: "" })],
    ["a session without expires_at", json(200, { ...body, expires_at: undefined })],
    ["a session whose authenticated_at is null", json(200, { ...body, authenticated_at: null })],
    ["a session without an assurance level", json(200, { ...body, authenticator_assurance_level: undefined })],
    ["a session without an identity", json(200, { ...body, identity: undefined })],
    ["a session whose identity is null", json(200, { ...body, identity: null })],
    ["a session whose identity has no id", json(200, { ...body, identity: { traits: {} } })],
    ["an empty object", json(200, {})],
    ["a list", json(200, [body])],
    ["null", json(200, null)],
    ["a number", json(200, 1)],
    ["a string", json(200, "active")],
    ["an empty body", text(200, "")],
    ["HTML", text(200, "<!doctype html><title>Sign in to this network</title>")],
    ["HTML with the content type of JSON", text(200, "<!doctype html>", { "content-type": "application/json" })],
    ["invalid JSON", text(200, '{"active":true,', { "content-type": "application/json" })],
    ["a truncated session in a complete response", text(200, truncated, { "content-type": "application/json" })],
    [
      "bytes that are not text",
      (_request, response) => response.writeHead(200).end(Buffer.from([0xff, 0xfe, 0, 1, 2])),
    ],
    [
      "a body that does not match its content encoding",
      text(200, JSON.stringify(body), { "content-encoding": "gzip" }),
    ],
    [
      "a truncated session, then a closed connection",
      (_request, response) => {
        response.writeHead(200, { "content-type": "application/json", "content-length": JSON.stringify(body).length })
        response.write(truncated, () => response.destroy())
      },
    ],
    ["a connection that closes at once", (request) => request.socket.destroy()],
    ["a response that is not HTTP", (request) => request.socket.end("SSH-2.0-OpenSSH_9.6\r\n")],
  ])("returns unavailable and logs the reason for %s", async (_what, listener) => {
    respond = listener
    expect((await lib.whoami(COOKIE)).verdict).toEqual({ outcome: "unavailable" })
    expect(logged.mock.calls).toEqual([
      [expect.stringMatching(new RegExp(`^Ory at ${origin()} did not return a session or a refusal: .+`))],
    ])
  })

  test.each([301, 302, 303, 307, 308])("returns unavailable for a %d, and does not follow it", async (status) => {
    respond = (request, response) =>
      request.url === "/sessions/whoami"
        ? response.writeHead(status, { location: `${origin()}/elsewhere` }).end()
        : response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body))
    expect((await lib.whoami(COOKIE)).verdict).toEqual({ outcome: "unavailable" })
    expect(requestsToOry.map(({ url }) => url)).toEqual(["/sessions/whoami"])
  })

  test("returns unavailable and logs the URL when the connection is refused", async () => {
    const closedServer = createServer()
    await new Promise<void>((resolve) => closedServer.listen(0, "localhost", resolve))
    const url = `http://localhost:${(closedServer.address() as AddressInfo).port}`
    await new Promise((resolve) => closedServer.close(resolve))
    const { whoami } = await importWithOry(url)
    expect(await whoami(COOKIE)).toEqual({ verdict: { outcome: "unavailable" }, setCookies: [] })
    expect(logged.mock.calls).toEqual([[expect.stringContaining(`Ory at ${url} did not return`)]])
  })

  test("returns unavailable after 3 seconds without a response, or with an incomplete or slow one", async () => {
    const intervals: NodeJS.Timeout[] = []
    respond = (request, response) => {
      const { cookie } = request.headers
      if (cookie === `${COOKIE}1`) return
      response.writeHead(200, { "content-type": "application/json" })
      response.write(truncated)
      if (cookie === `${COOKIE}3`) intervals.push(setInterval(() => response.write(" "), 100))
    }
    const start = performance.now()
    const verdicts = await Promise.all(
      ["1", "2", "3"].map(async (suffix) => (await lib.whoami(COOKIE + suffix)).verdict),
    )
    const duration = performance.now() - start
    intervals.forEach(clearInterval)
    expect(verdicts).toEqual(Array(3).fill({ outcome: "unavailable" }))
    expect(duration).toBeGreaterThan(2900)
    expect(duration).toBeLessThan(4000)
    expect(logged).toHaveBeenCalledTimes(3)
  })

  test.each<[string, number, unknown]>([
    ["active", 200, body],
    ["anonymous", 401, error()],
    ["aal2_required", 403, error("session_aal2_required")],
    ["unavailable", 500, error()],
  ])("returns Ory's cookies separate and unchanged with the outcome %s", async (outcome, status, value) => {
    const cookies = [
      "ory_kratos_session=a=; Path=/; Expires=Wed, 02 Jan 2030 11:00:00 GMT; HttpOnly; SameSite=Lax",
      "csrf_token_1=b; Path=/",
    ]
    respond = json(status, value, { "set-cookie": cookies })
    const { verdict, setCookies } = await lib.whoami(COOKIE)
    expect(verdict.outcome).toBe(outcome)
    expect(setCookies).toEqual(cookies)
  })

  test("returns a single cookie of Ory as one", async () => {
    respond = json(200, body, { "set-cookie": "a=b; Expires=Wed, 02 Jan 2030 11:00:00 GMT" })
    expect((await lib.whoami(COOKIE)).setCookies).toEqual(["a=b; Expires=Wed, 02 Jan 2030 11:00:00 GMT"])
  })

  test("lets axios make no Request, because each would leak memory in the production build", async () => {
    respond = json(200, body)
    madeRequests.length = 0
    expect((await lib.whoami(COOKIE)).verdict.outcome).toBe("active")
    expect(madeRequests).toEqual([])
  })
})

describe("the cookies that are sent to Ory", () => {
  const session = "ory_kratos_session=a"
  const network = "ory_session_friendlyname=b"
  const csrf = "csrf_token_806060ca5bf70dff3caa0e5c860002aade9d470a5a4dce73bcfa7ba10778f481=c"
  const continuity = "ory_kratos_continuity=d"

  test.each<[string, string | null, string, string]>([
    ["no header", null, "", ""],
    ["an empty header", "", "", ""],
    ["only separators", "; ;; ", "", ""],
    ["Kratos' session", session, session, session],
    ["Ory Network's session", network, network, network],
    ["a CSRF cookie", csrf, "", csrf],
    ["the continuity cookie", continuity, "", continuity],
    [
      "all cookies of Ory, the session first",
      `${csrf}; ${session}; ${continuity}; ${network}`,
      `${session}; ${network}`,
      `${session}; ${network}; ${csrf}; ${continuity}`,
    ],
    [
      "other cookies among them",
      `theme=dark; ${session}; session_snapshot=x; ${csrf}; _ga=1`,
      session,
      `${session}; ${csrf}`,
    ],
    [
      "several cookies of one name, in their order",
      `${session}; ory_kratos_session=2; ${session}`,
      `${session}; ory_kratos_session=2; ${session}`,
      `${session}; ory_kratos_session=2; ${session}`,
    ],
    [
      "white space around the cookies",
      `  ${session} ;${network}\t`,
      `${session}; ${network}`,
      `${session}; ${network}`,
    ],
    ["nothing after the last separator", `a=b;${session};`, session, session],
    ["an equals sign in the value", "ory_kratos_session=a=b==", "ory_kratos_session=a=b==", "ory_kratos_session=a=b=="],
    ["an empty value", "ory_kratos_session=", "ory_kratos_session=", "ory_kratos_session="],
    [
      "every character that a value may contain",
      "ory_kratos_session=!#$%&'()*+-./:<=>?@[]^_`{|}~",
      "ory_kratos_session=!#$%&'()*+-./:<=>?@[]^_`{|}~",
      "ory_kratos_session=!#$%&'()*+-./:<=>?@[]^_`{|}~",
    ],
    ["8 kB of other cookies", `${"junk=x; ".repeat(1000)}${session}`, session, session],
    // Names that only look like Ory's
    ["a longer name", "ory_kratos_session_x=a; ory_kratos_session2=a; ory_kratos_continuity_x=a", "", ""],
    ["a shorter name", "ory_kratos=a; ory_session=a; ory_=a; ory_kratos_sessio=a; csrf_token=a", "", ""],
    [
      "something before the name",
      "xory_session_a=a; xory_kratos_session=a; xcsrf_token_a=a; my_ory_kratos_session=a",
      "",
      "",
    ],
    ["a browser's prefix before the name", "__Host-ory_kratos_session=a; __Secure-ory_session_a=a", "", ""],
    ["another case", "ORY_KRATOS_SESSION=a; Ory_Session_a=a; CSRF_TOKEN_a=a", "", ""],
    ["the name in another's value", "a=ory_kratos_session=b; b=; ory_kratos_session", "", ""],
    ["the name without a value", "ory_kratos_session; ory_session_a; csrf_token_a", "", ""],
    ["the name as a value without a name", "=ory_kratos_session=a; =ory_session_a=b", "", ""],
    ["a quoted name", '"ory_kratos_session"=a', "", ""],
    ["white space in the name", "ory_kratos_session =a; ory_session_a b=a; ory_session_\ta=b", "", ""],
    ["another prefix of the names", "ory_hydra_session=a; ory_kratos_oidc_auto_link=b", "", ""],
    // Values that Ory's cookies never have
    ["a space in the value", `ory_kratos_session=a b; ${network}`, network, network],
    ["a tab in the value", "ory_kratos_session=a\tb; csrf_token_a=b\tc", "", ""],
    ["a line break in the value", "ory_kratos_session=a\r\nx-evil: b", "", ""],
    ["NUL in the value", "ory_kratos_session=a\0b", "", ""],
    ["DEL in the value", "ory_kratos_session=a\x7fb", "", ""],
    ["a Latin letter in the value", "ory_kratos_session=caf\u00e9", "", ""],
    ["non-ASCII characters in name and value", "ory_kratos_session=\u4e16; ory_session_\u00e9=a", "", ""],
    ["a lone surrogate in the value", "ory_kratos_session=\ud800", "", ""],
  ])("are filtered correctly for %s", (_what, header, forSession, forFlows) => {
    expect(lib.sessionCookies(header)).toBe(forSession)
    expect(lib.flowCookies(header)).toBe(forFlows)
  })

  test.each([
    ["several cookies of one name", `${session}; ory_kratos_session=2`],
    ["cookies of 8 kB", `ory_kratos_session=${"x".repeat(8000)}`],
    ["all permitted characters", "ory_kratos_session=!#$%&'()*+-./:<=>?@[]^_`{|}~"],
  ])("include %s unchanged", async (_what, cookie) => {
    respond = json(401, error())
    expect((await lib.whoami(lib.sessionCookies(cookie))).verdict).toEqual({ outcome: "anonymous" })
    expect(requestsToOry.map(({ headers }) => headers.cookie)).toEqual([cookie])
  })

  test("are picked unchanged a second time, so that the sealed cookies are the ones that Ory checked", () => {
    const picked = lib.sessionCookies(`${csrf}; ${session}; a b=c; ${network}; ory_session_x=a b`)
    expect(picked).toBe(`${session}; ${network}`)
    expect(lib.sessionCookies(picked)).toBe(picked)
  })
})

test.each([
  ["one that Ory renews", "ory_kratos_session=a", ["ory_kratos_session=b=; Path=/"], "ory_kratos_session=b="],
  [
    "several",
    "ory_session_a=1; ory_kratos_session=a",
    ["ory_kratos_session=b"],
    "ory_session_a=1; ory_kratos_session=b",
  ],
  [
    "one that Ory sets twice",
    "ory_kratos_session=a",
    ["ory_kratos_session=b", "ory_kratos_session=c"],
    "ory_kratos_session=c",
  ],
  ["another cookie of Ory", "ory_kratos_session=a", ["csrf_token_1=b"], "ory_kratos_session=a"],
  ["none", "ory_kratos_session=a", [], "ory_kratos_session=a"],
])("the browser's session cookies after a response that sets %s", (_what, cookies, setCookies, renewed) => {
  expect(lib.renewedCookies(cookies, setCookies)).toBe(renewed)
})

describe("parts of a response", () => {
  test.each([
    [{ error: { id: "session_aal2_required" } }, "session_aal2_required"],
    [{ error: {} }, undefined],
    [{ error: null }, undefined],
    [{ error: "session_aal2_required" }, undefined],
    [{}, undefined],
    [null, undefined],
    [undefined, undefined],
    ["session_aal2_required", undefined],
    [1, undefined],
    [[], undefined],
  ])("the error id of %j is %j", (value, id) => {
    expect(lib.errorId(value)).toBe(id)
  })

  test.each([
    [{}, []],
    [{ "set-cookie": undefined }, []],
    [{ "set-cookie": "a=b; Expires=Wed, 02 Jan 2030 11:00:00 GMT" }, ["a=b; Expires=Wed, 02 Jan 2030 11:00:00 GMT"]],
    [{ "set-cookie": ["a=b", "c=d"] }, ["a=b", "c=d"]],
    [{ "set-cookie": ["a=b", 1, null] }, ["a=b"]],
  ])("the cookies set by %j are %j", (headers, cookies) => {
    expect(lib.setCookies(headers)).toEqual(cookies)
  })
})

test("only the cookie named in ORY_SESSION_COOKIE is a session cookie", async () => {
  vi.stubEnv("ORY_SESSION_COOKIE", "my.session")
  const renamed = await importWithOry(origin())
  vi.stubEnv("ORY_SESSION_COOKIE", undefined)
  const header =
    "my.session=a; ory_kratos_session=b; ory_session_x=c; my_session=d; myXsession=e; csrf_token_1=f; MY.SESSION=g"
  expect(renamed.sessionCookies(header)).toBe("my.session=a")
  expect(renamed.flowCookies(header)).toBe("my.session=a; csrf_token_1=f")
})

test("the version of sealed sessions changes with the fields of a session", () => {
  // Raise SESSION_VERSION whenever this list changes, so that snapshots with the old fields are invalid.
  expect({ version: lib.SESSION_VERSION, fields: fieldNames(session()) }).toEqual({
    version: 5,
    fields: [
      "id",
      "authenticated_at",
      "expires_at",
      "authenticator_assurance_level",
      "authentication_methods",
      "identity",
      "identity.id",
      "identity.traits",
      "identity.verified",
      "identity.role",
    ],
  })
})

test("whoami returns exactly these fields", async () => {
  respond = json(200, { ...session(), active: true, tokenized: "not for pages" })
  const { verdict } = await lib.whoami(COOKIE)
  expect(verdict.outcome === "active" && fieldNames(verdict.session)).toEqual(fieldNames(session()))
})

function fieldNames({ identity, ...fields }: Session): string[] {
  return [...Object.keys(fields), "identity", ...Object.keys(identity).map((name) => `identity.${name}`)]
}
