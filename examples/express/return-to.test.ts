import assert from "node:assert/strict"
import { test } from "node:test"
import { loginUrl, returnTo } from "./return-to.ts"

const app = "http://localhost:3001"

test("returns to a page of this app", () => {
  for (const page of [
    "/",
    "/dashboard",
    "/dashboard?tab=a%20b&tab=c#end",
    "/a/b/../c",
    "/caf%C3%A9?q=//x",
    "/?next=https://evil.example/",
  ])
    assert.equal(returnTo(page, app), new URL(page, app).href)
  assert.equal(returnTo(`${app}/dashboard?x=1`, app), `${app}/dashboard?x=1`)
})

test("returns to the default page for every other value", () => {
  const hostile = [
    undefined,
    null,
    "",
    " ",
    7,
    ["/dashboard"],
    {},
    "https://evil.example/",
    "//evil.example",
    "///evil.example",
    "////evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/dash\u0000board",
    "/a\r\nSet-Cookie: a=b",
    "/\u2028/evil.example",
    "http://localhost:3001@evil.example/",
    "http://evil.example#@localhost:3001/",
    "http://evil.example\\@localhost:3001/",
    "http://user:password@localhost:3001/",
    "http://localhost:3001.evil.example/",
    "http://localhost:30011/",
    "http://localhost/",
    "https://localhost:3001/",
    "http://localhost:3000/dashboard",
    "http://127.0.0.1:3001/",
    "http:evil.example",
    "http:/evil.example",
    "http:///evil.example",
    "javascript:alert(1)",
    "data:text/html,hi",
    "ftp://localhost:3001/",
    "blob:http://localhost:3001/x",
    "evil.example",
    "dashboard",
    "//localhost:3001@evil.example",
    "http://localhost:3001//evil.example",
    "/.//evil.example",
    "/a/..//evil.example",
    "/dashboard//x",
    "http://[::1/",
    "http://localhost:99999/",
    `/${"a".repeat(2100)}`,
    "/refresh-session",
    "/refresh-session?return_to=/refresh-session",
    "/x/../refresh-session",
    "/%2e%2e/refresh-session",
    `${app}/refresh-session#x`,
  ]
  for (const value of hostile) assert.equal(returnTo(value, app), `${app}/dashboard`, JSON.stringify(value))
})

test("the sign-in URL names the page to return to and what Ory must ask for", () => {
  const config = {
    port: 3001,
    appUrl: app,
    oryUrl: "http://localhost:4000",
    sessionCookie: undefined,
    sliding: undefined,
  }
  for (const query of [{}, { refresh: "true" }, { aal: "aal2" }] as const) {
    const url = new URL(loginUrl(config, "/dashboard?tab=1&x=ü", query))
    assert.equal(url.origin + url.pathname, "http://localhost:4000/self-service/login/browser")
    assert.deepEqual(Object.fromEntries(url.searchParams), { ...query, return_to: `${app}/dashboard?tab=1&x=%C3%BC` })
  }
})
