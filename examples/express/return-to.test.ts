import assert from "node:assert/strict"
import { test } from "node:test"
import { loginUrl, returnTo } from "./return-to.ts"
import { appUrl, testConfig } from "./testing.ts"

// `e2e/contract.json` has the values that the Next.js app and the examples treat alike.

test("normalizes the path", () => {
  assert.equal(returnTo("/a/b/../c", appUrl), `${appUrl}/a/c`)
})

test("returns to the default page for a value that no query can hold, or that is only forbidden here", () => {
  const hostile = [
    undefined,
    null,
    "",
    7,
    ["/dashboard"],
    {},
    `/${"a".repeat(2100)}`,
    "/refresh%2Dsession",
    "https://localhost:3001/",
    "http://localhost:3000/dashboard",
    "//localhost:3001@evil.example",
  ]
  for (const value of hostile) assert.equal(returnTo(value, appUrl), `${appUrl}/dashboard`, JSON.stringify(value))
})

test("the sign-in URL names the page to return to and what Ory must ask for", () => {
  const config = testConfig({ oryUrl: "http://localhost:4000" })
  for (const query of [{}, { refresh: "true" }, { aal: "aal2" }] as const) {
    const url = new URL(loginUrl(config, "/dashboard?tab=1&x=ü", query))
    assert.equal(url.origin + url.pathname, "http://localhost:4000/self-service/login/browser")
    assert.deepEqual(Object.fromEntries(url.searchParams), {
      ...query,
      return_to: `${appUrl}/dashboard?tab=1&x=%C3%BC`,
    })
  }
})
