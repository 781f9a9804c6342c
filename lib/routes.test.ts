import { describe, expect, test } from "vitest"
import { accessTo, isApi, paths } from "@/lib/routes"

describe("public, static paths", () => {
  test.each([
    "/",
    "/api/refresh-session",
    "/api/health",
    "/favicon.ico",
    "/icon.svg",
    "/apple-icon.png",
    "/opengraph-image.png",
    "/robots.txt",
    "/sitemap.xml",
    "/manifest.webmanifest",
  ])("include %s", (path) => {
    expect(accessTo(path)).toEqual({ public: true })
  })
})

describe("public, dynamic paths", () => {
  test.each([
    "/auth/login",
    "/auth/registration",
    "/auth/sign-out",
    "/auth/",
    "/auth/a/b",
    "/auth/login/",
    "/unavailable",
  ])("include %s", (path) => {
    expect(accessTo(path)).toMatchObject({ public: true, dynamic: true })
  })
})

describe("protected paths", () => {
  test.each([
    "/dashboard",
    "/account",
    "/account/settings",
    "/api/me",
    "/anything",
    "",
    // Starts like a public path
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
    // Ends like a public path
    "/dashboard/",
    "/dashboard/robots.txt",
    "/dashboard/icon.svg",
    "/dashboard/auth/login",
    "/x/api/health",
    // In another case, encoded, or with additional slashes
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
  ])("include %j", (path) => {
    expect(accessTo(path).public).toBeUndefined()
    expect(accessTo(path).dynamic).toBeUndefined()
  })
})

describe("sensitive paths, which never use a snapshot", () => {
  test.each(["/account", "/account/", "/account/settings", "/account/settings/x", "/api/account", "/api/account/data"])(
    "include %s",
    (path) => {
      expect(accessTo(path).sensitive).toBe(true)
    },
  )
})

describe("paths that may use a snapshot", () => {
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
  ])("include %s", (path) => {
    expect(accessTo(path).sensitive).toBeUndefined()
  })
})

describe("API paths", () => {
  test.each(["/api/me", "/api/", "/api/a/b", "/api/health"])("include %s", (path) => {
    expect(isApi(path)).toBe(true)
  })
})

describe("page paths", () => {
  test.each(["/", "/api", "/api-docs", "/apis/me", "/API/me", "/x/api/me", "/dashboard", "//api/me"])(
    "include %s",
    (path) => {
      expect(isApi(path)).toBe(false)
    },
  )
})

test("no public path is sensitive", () => {
  const publicPaths = Object.values(paths).filter((path) => accessTo(path).public)
  expect(publicPaths).toContain("/auth/login")
  expect(publicPaths.filter((path) => accessTo(path).sensitive)).toEqual([])
})

describe("accessTo", () => {
  test("combines the properties of all patterns that match", () => {
    expect(accessTo("/account/data")).toEqual({ sensitive: true, aal: "aal2" })
    expect(accessTo("/account/devices")).toEqual({ sensitive: true, actions: true })
    expect(accessTo("/auth/login")).toEqual({ public: true, dynamic: true, endsSnapshot: true, flow: "login" })
  })

  test("makes every path with a role sensitive", () => {
    for (const path of ["/admin", "/admin/users"]) expect(accessTo(path)).toEqual({ role: "admin", sensitive: true })
    expect(accessTo("/administration")).toEqual({})
  })

  test.each(["/dashboard", "/new-page", "/__proto__", "/constructor"])("requires only a session of %s", (path) => {
    expect(accessTo(path)).toEqual({})
  })
})
