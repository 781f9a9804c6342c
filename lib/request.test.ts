import { NextRequest } from "next/server"
import { describe, expect, test } from "vitest"
import { readGateRequest, readRequest } from "@/lib/request"
import { paths } from "@/lib/routes"

const APP = "http://localhost:3000"
const HTML = "text/html,*/*;q=0.8"
const ACTION = {
  "next-action": `40${"ab".repeat(20)}`,
  "content-type": "multipart/form-data; boundary=x",
  origin: APP,
}

function read(path: string, method = "GET", headers: Record<string, string> = {}): ReturnType<typeof readGateRequest> {
  return readGateRequest(new NextRequest(APP + path, { method, headers }))
}

describe("the kind of a request", () => {
  test.each([
    ["page", "/dashboard", "GET", { "sec-fetch-dest": "document" }],
    ["page", "/dashboard", "GET", { "sec-fetch-dest": "iframe" }],
    ["page", "/dashboard", "GET", { accept: HTML }],
    ["page", "/dashboard", "POST", { "sec-fetch-dest": "document" }],
    ["fetch", "/dashboard", "GET", { "sec-fetch-dest": "empty", accept: HTML }],
    ["fetch", "/dashboard", "GET", {}],
    ["prefetch", "/dashboard", "GET", { "sec-fetch-dest": "document", "sec-purpose": "prefetch;prerender" }],
    ["prefetch", "/dashboard", "GET", { accept: HTML, purpose: "prefetch" }],
    ["subresource", "/dashboard", "GET", { "sec-fetch-dest": "image" }],
    ["api", "/api/me", "GET", { "sec-fetch-dest": "document" }],
    ["action", paths.account, "POST", ACTION],
    ["action", paths.account, "POST", { ...ACTION, "sec-fetch-dest": "empty", accept: "text/x-component" }],
    ["fetch", paths.account, "POST", { ...ACTION, "next-action": "" }],
    ["fetch", paths.account, "POST", { ...ACTION, "next-action": `c0${"ab".repeat(20)}` }],
    ["fetch", paths.account, "POST", { ...ACTION, "content-type": "application/x-www-form-urlencoded" }],
    ["fetch", paths.account, "POST", { ...ACTION, origin: "https://evil.example" }],
    ["fetch", paths.account, "GET", { "next-action": ACTION["next-action"] }],
    ["fetch", "/dashboard", "POST", ACTION],
    ["api", "/api/me", "POST", ACTION],
  ] as const)("is %s for %s by %s with %j", (kind, path, method, headers) => {
    expect(read(path, method, headers).kind).toBe(kind)
  })
})

describe("the page path", () => {
  const referer = `${APP}/account?tab=2`

  test.each([
    ["GET", "/account", "/account"],
    ["HEAD", "/account", "/account"],
    ["GET", "/account?tab=2&a=b", "/account?tab=2&a=b"],
    ["GET", "/account?a=b?c=d", "/account?a=b?c=d"],
    // Next's router adds `_rsc` to its own fetches.
    ["GET", "/account?_rsc=1a2b3", "/account"],
    ["GET", "/account?tab=2&_rsc=1a2b3", "/account?tab=2"],
    ["GET", "/account?_rsc=1a2b3&tab=2", "/account?tab=2"],
    ["GET", "/account?a=1&_rsc=1a2b3&b=2", "/account?a=1&b=2"],
    ["GET", "/account?x_rsc=1", "/account?x_rsc=1"],
    ["GET", "/account?q=_rsc=1", "/account?q=_rsc=1"],
    ["GET", "/_rsc=1", "/_rsc=1"],
    ["GET", "/auth/login?_rsc=1a2b3", paths.dashboard],
    ["GET", "//evil.example", paths.dashboard],
  ])("of %s %s is %s", (method, path, page) => {
    expect(read(path, method, { referer }).path).toBe(page)
  })

  test.each(["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])("of %s is the page that sent the request", (method) => {
    expect(read("/account/delete?sure=1", method, { referer }).path).toBe("/account?tab=2")
  })

  test("of a server action is its own page", () => {
    expect(read("/account?tab=1", "POST", { ...ACTION, referer }).path).toBe("/account?tab=1")
  })

  test.each([
    ["nothing", undefined, paths.dashboard],
    ["an empty value", "", paths.dashboard],
    ["another site", "https://evil.example/account", paths.dashboard],
    ["this host on another port", "http://localhost:4000/account", paths.dashboard],
    ["an auth page", `${APP}/auth/login?flow=1`, paths.dashboard],
    ["a page with credentials", "http://user:password@localhost:3000/account", paths.dashboard],
    ["about:client", "about:client", paths.dashboard],
    ["only an origin, as some referrer policies send", `${APP}/`, "/"],
  ])("of a POST whose Referer is %s", (_, from, page) => {
    const headers = from === undefined ? undefined : { referer: from }
    expect(read("/account/delete", "POST", headers).path).toBe(page)
  })

  test("is never the header that a client sends", () => {
    expect(read("/account", "GET", { "x-request-path": "/forged" }).path).toBe("/account")
  })
})

test("picks only Ory's cookies", () => {
  const cookie = "a=b; csrf_token_1=c; ory_kratos_session=s; theme=dark"
  const { sessionCookies, flowCookies } = readRequest(new Headers({ cookie }))
  expect(sessionCookies).toBe("ory_kratos_session=s")
  expect(flowCookies).toBe("ory_kratos_session=s; csrf_token_1=c")
})

test("takes path and nonce from the gate's headers", () => {
  expect(readRequest(new Headers({ "x-request-path": "/a", "x-nonce": "n" }))).toMatchObject({ path: "/a", nonce: "n" })
  expect(readRequest(new Headers())).toMatchObject({ path: null, nonce: null, sessionCookies: "", flowCookies: "" })
})
