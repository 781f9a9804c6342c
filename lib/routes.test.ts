import { describe, expect, test } from "vitest"
import { isApi, isPublic, isSensitive, isStatic } from "@/lib/routes"

describe("public, and the same for everybody", () => {
  test.each([
    "/",
    "/unavailable",
    "/api/refresh-session",
    "/api/health",
    "/favicon.ico",
    "/icon.svg",
    "/apple-icon.png",
    "/opengraph-image.png",
    "/robots.txt",
    "/sitemap.xml",
    "/manifest.webmanifest",
  ])("%s", (path) => {
    expect(isPublic(path)).toBe(true)
    expect(isStatic(path)).toBe(true)
  })
})

describe("public, and made for each request", () => {
  test.each(["/auth/login", "/auth/registration", "/auth/sign-out", "/auth/", "/auth/a/b", "/auth/login/"])(
    "%s",
    (path) => {
      expect(isPublic(path)).toBe(true)
      expect(isStatic(path)).toBe(false)
    },
  )
})

describe("protected", () => {
  test.each([
    "/dashboard",
    "/account",
    "/account/settings",
    "/api/me",
    "/anything",
    "",
    // Begins like something public
    "/auth",
    "/authors",
    "/auth-methods",
    "/auth.html",
    "/authors/login",
    "/unavailable/",
    "/unavailable/x",
    "/unavailable-items",
    "/unavailable.rsc",
    "/api",
    "/api/",
    "/api-docs",
    "/api/healthz",
    "/api/health/",
    "/api/health/x",
    "/api/health.json",
    "/api/refresh-sessions",
    "/api/refresh-session/x",
    "/public",
    "/publications",
    "/icon.svg/x",
    "/icon.svg/",
    "/icon.svgz",
    "/robots.txt/x",
    "/favicon.ico.html",
    "/index",
    // Ends like something public
    "/dashboard/",
    "/dashboard/robots.txt",
    "/dashboard/icon.svg",
    "/dashboard/auth/login",
    "/x/api/health",
    // In other letters, encoded, or with more slashes
    "/AUTH/login",
    "/Auth/login",
    "/Robots.txt",
    "/API/health",
    "/%61uth/login",
    "/auth%2flogin",
    "/api%2fhealth",
    "//",
    "//auth/login",
    "//dashboard",
    "/./",
    "/dashboard?/auth/login",
    "auth/login",
    "/auth\\login",
    "/auth;/login",
    "/_next/data/build/dashboard.json",
    "/_next/static",
    "/_next/image",
    "/.well-known/security.txt",
    "/constructor",
    "/__proto__",
  ])("%j", (path) => {
    expect(isPublic(path)).toBe(false)
    expect(isStatic(path)).toBe(false)
  })
})

describe("a snapshot is never good enough", () => {
  test.each(["/account", "/account/", "/account/settings", "/account/settings/x", "/api/account", "/api/account/data"])(
    "on %s",
    (path) => {
      expect(isSensitive(path)).toBe(true)
    },
  )
})

describe("a snapshot will do", () => {
  test.each([
    "/",
    "/dashboard",
    "/accounts",
    "/accounting",
    "/account-settings",
    "/accountant/x",
    "/dashboard/account",
    "/api/accounts",
    "/api/me",
  ])("on %s", (path) => {
    expect(isSensitive(path)).toBe(false)
  })
})

describe("answers are JSON", () => {
  test.each(["/api/me", "/api/", "/api/a/b", "/api/health"])("on %s", (path) => {
    expect(isApi(path)).toBe(true)
  })
})

describe("answers are pages", () => {
  test.each(["/", "/api", "/api-docs", "/apis/me", "/API/me", "/x/api/me", "/dashboard", "//api/me"])(
    "on %s",
    (path) => {
      expect(isApi(path)).toBe(false)
    },
  )
})

test("what is public is never sensitive", () => {
  expect(["/", "/auth/login", "/unavailable", "/api/health", "/icon.svg"].filter(isSensitive)).toEqual([])
})
