import assert from "node:assert/strict"
import { test } from "node:test"
import { readConfig } from "./config.ts"

test("uses local Ory by default", () => {
  assert.deepEqual(readConfig({}), {
    port: 3001,
    appUrl: "http://localhost:3001",
    oryUrl: "http://localhost:4000",
    webUrl: "http://localhost:3000",
    sessionCookie: undefined,
    sliding: undefined,
  })
  assert.equal(readConfig({ PORT: "3901" }).appUrl, "http://localhost:3901")
})

test("uses the values that are set", () => {
  const source = {
    PORT: "80",
    APP_URL: "https://API.example.com/",
    ORY_SDK_URL: "https://auth.example.com",
    WEB_URL: "https://app.example.com",
    ORY_SESSION_COOKIE: "my_session",
  }
  assert.deepEqual(readConfig({ ...source, NODE_ENV: "production" }), {
    port: 80,
    appUrl: "https://api.example.com",
    oryUrl: "https://auth.example.com",
    webUrl: "https://app.example.com",
    sessionCookie: "my_session",
    sliding: undefined,
  })
})

test("extends sessions only with ORY_ADMIN_URL", () => {
  assert.deepEqual(readConfig({ ORY_ADMIN_URL: "http://127.0.0.1:4434" }).sliding, {
    adminUrl: "http://127.0.0.1:4434",
    token: undefined,
    extendBelow: 24 * 3_600_000,
    maxAge: 90 * 24 * 3_600_000,
  })
  const settings = { ORY_PROJECT_API_TOKEN: "ory_pat_1", SESSION_EXTEND_BELOW: "1h30m", SESSION_MAX_AGE: "45s" }
  assert.deepEqual(readConfig({ ORY_ADMIN_URL: "https://demo.projects.oryapis.com", ...settings }).sliding, {
    adminUrl: "https://demo.projects.oryapis.com",
    token: "ory_pat_1",
    extendBelow: 5_400_000,
    maxAge: 45_000,
  })
  assert.equal(readConfig(settings).sliding, undefined)
})

test("rejects an invalid duration", () => {
  for (const value of ["0s", "60", "1d", "1.5h", "-1h", "30m1h"])
    assert.throws(
      () => readConfig({ ORY_ADMIN_URL: "http://127.0.0.1:4434", SESSION_EXTEND_BELOW: value }),
      new RegExp(`SESSION_EXTEND_BELOW is "${value}". Set it to a duration above zero, for example 24h.`),
    )
})

test("requires all origins in production", () => {
  assert.throws(
    () => readConfig({ NODE_ENV: "production" }),
    /APP_URL is not set[^]*ORY_SDK_URL is not set[^]*WEB_URL is not set/,
  )
  assert.throws(
    () => readConfig({ NODE_ENV: "production", APP_URL: "https://a.example" }),
    /^(?![^]*APP_URL)[^]*ORY_SDK_URL is not set/,
  )
})

test("rejects an invalid value and names the variable", () => {
  const invalid: [string, string][] = [
    ["PORT", "abc"],
    ["PORT", "-1"],
    ["PORT", "65536"],
    ["PORT", "3001.5"],
    ["PORT", "1e3"],
    ["ORY_SESSION_COOKIE", "my session"],
    ["ORY_SESSION_COOKIE", "a=b"],
    ["ORY_SESSION_COOKIE", "a;b"],
    ...["APP_URL", "ORY_SDK_URL", "WEB_URL"].flatMap((name): [string, string][] =>
      [
        "localhost:4000",
        "ftp://localhost",
        "http://",
        "http://localhost:4000/path",
        "http://localhost:4000?x=1",
        "http://a b",
        "//localhost",
        " ",
      ].map((value) => [name, value]),
    ),
  ]
  for (const [name, value] of invalid) {
    assert.throws(
      () => readConfig({ [name]: value }),
      (error: Error) => {
        const [, ...problems] = error.message.split("\n")
        assert.equal(problems.length, 1, error.message)
        return problems[0]?.startsWith(`  - ${name} is "${value}"`) === true && problems[0].includes("for example")
      },
      `${name}=${value}`,
    )
  }
})

test("rejects a URL with a password and does not print the password", () => {
  assert.throws(
    () => readConfig({ ORY_SDK_URL: "https://user:secret@auth.example.com" }),
    (error: Error) =>
      error.message.includes('ORY_SDK_URL is "…@auth.example.com"') && !error.message.includes("secret"),
  )
})
