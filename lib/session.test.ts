import { beforeEach, describe, expect, test, vi } from "vitest"
import { checkRequest, checkSession, deniedResponse, requireSession } from "@/lib/session"
import { ory } from "@/lib/ory"
import { sealHandoff, sealSnapshot } from "@/lib/sealed"
import type { Session } from "@/lib/ory"
import { session as makeSession } from "@/lib/testing"

let request = new Headers()
vi.mock("next/headers", () => ({ headers: () => Promise.resolve(request) }))
vi.mock("next/server", () => ({ connection: () => Promise.resolve() }))
// React caches per request, but each call in these tests is a new request.
vi.mock("react", async (original) => ({ ...(await original<object>()), cache: (read: unknown) => read }))

const APP = "http://localhost:3000"
const COOKIE = "ory_kratos_session=1"

/** A session whose user signed in this many seconds ago. */
function session(secondsAgo: number, aal: "aal1" | "aal2" = "aal1"): Session {
  const authenticated_at = new Date(Date.now() - secondsAgo * 1000).toISOString()
  return makeSession({ authenticated_at, authenticator_assurance_level: aal })
}

const toSession = vi.spyOn(ory, "toSession")

function mockOrySession(session: Session): void {
  toSession.mockResolvedValue({ status: 200, data: { ...session, active: true }, headers: {} } as unknown as Awaited<
    ReturnType<typeof ory.toSession>
  >)
}

async function requestWithHandoff(session: Session): Promise<void> {
  const handoff = await sealHandoff({ outcome: "active", session }, COOKIE, APP)
  request = new Headers({ cookie: COOKIE, "x-session-handoff": handoff ?? "", "x-request-path": "/invoices?page=2" })
}

async function requestWithSnapshot(session: Session): Promise<void> {
  const snapshot = await sealSnapshot(session, COOKIE, APP)
  request = new Headers({
    cookie: `${COOKIE}; session_snapshot=${snapshot?.value ?? ""}`,
    "x-request-path": "/invoices",
  })
}

beforeEach(() => {
  toSession.mockReset()
  toSession.mockRejectedValue(new Error("unexpected request to Ory"))
})

describe("maxAgeSeconds", () => {
  test.each([
    ["just now", 0, true],
    ["within the limit", 899, true],
    ["within the tolerance for clock differences", 955, true],
    ["beyond the limit", 965, false],
    ["in the future", -3600, true],
  ])("a sign-in %s (%d seconds ago) is allowed: %s", async (_, secondsAgo, passes) => {
    await requestWithHandoff(session(secondsAgo))
    const { session: allowed, denied } = await checkSession({ maxAgeSeconds: 900 })
    expect(allowed !== undefined).toBe(passes)
    if (denied) {
      expect(denied.code).toBe("session_refresh_required")
      const location = new URL(denied.location ?? "")
      expect(Object.fromEntries(location.searchParams)).toEqual({
        refresh: "true",
        return_to: `${APP}/invoices?page=2`,
      })
    }
  })

  test("requires a new sign-in when authenticated_at is invalid", async () => {
    await requestWithHandoff({ ...session(0), authenticated_at: "yesterday" })
    expect(await checkSession({ maxAgeSeconds: 900 })).toMatchObject({ denied: { code: "session_refresh_required" } })
  })

  test("allows a session of any age when it is not set", async () => {
    await requestWithHandoff(session(10_000_000))
    expect(await requireSession()).toMatchObject({ authenticator_assurance_level: "aal1" })
  })
})

describe("verified: true", () => {
  test("allows a user with a confirmed address, and sends others to confirm it and come back", async () => {
    await requestWithHandoff(session(0))
    expect(await checkSession({ verified: true })).toHaveProperty("session")
    const { identity, ...fields } = session(0)
    await requestWithHandoff({ ...fields, identity: { ...identity, verified: false } })
    const { denied } = await checkSession({ verified: true })
    expect(denied).toMatchObject({ code: "session_verified_address_required", status: 403 })
    const location = new URL(denied?.location ?? "")
    expect(location.origin + location.pathname).toBe(`${APP}/auth/verification`)
    expect(location.searchParams.get("return_to")).toBe(`${APP}/invoices?page=2`)
  })
})

describe("role", () => {
  const admin: Session = { ...session(0), identity: { ...session(0).identity, role: "admin" } }

  test("allows a user with the role, and refuses others without a place to go", async () => {
    await requestWithHandoff(admin)
    expect(await checkSession({ role: "admin" })).toHaveProperty("session")
    await requestWithHandoff(session(0))
    expect(await checkSession({ role: "admin" })).toMatchObject({ denied: { code: "forbidden", location: null } })
  })

  test("is never read from a snapshot", async () => {
    await requestWithSnapshot(admin)
    mockOrySession(session(0))
    expect(await checkSession({ role: "admin" })).toMatchObject({ denied: { code: "forbidden" } })
    expect(toSession).toHaveBeenCalledTimes(1)
    await requestWithSnapshot(admin)
    expect(await checkSession({ role: "admin", fresh: false })).toMatchObject({ denied: { code: "forbidden" } })
  })

  test("refuses a user without the role before it asks for a second factor or a recent sign-in", async () => {
    await requestWithHandoff(session(10_000))
    const { denied } = await checkSession({ role: "admin", aal: "aal2", maxAgeSeconds: 900 })
    expect(denied?.code).toBe("forbidden")
  })
})

describe("aal: aal2", () => {
  test("allows a session with a second factor, and denies one without", async () => {
    await requestWithHandoff(session(0, "aal2"))
    expect(await checkSession({ aal: "aal2" })).toHaveProperty("session")
    await requestWithHandoff(session(0))
    const { denied } = await checkSession({ aal: "aal2" })
    expect(denied?.code).toBe("session_aal2_required")
    expect(new URL(denied?.location ?? "").searchParams.get("aal")).toBe("aal2")
  })

  test("is required before a recent sign-in, because the second factor also renews the sign-in", async () => {
    await requestWithHandoff(session(5000))
    expect(await checkSession({ aal: "aal2", maxAgeSeconds: 900 })).toMatchObject({
      denied: { code: "session_aal2_required" },
    })
  })
})

describe("with a snapshot", () => {
  test("allows a snapshot that meets the requirement without a request to Ory", async () => {
    await requestWithSnapshot(session(0, "aal2"))
    expect(await checkSession({ aal: "aal2", maxAgeSeconds: 900 })).toHaveProperty("session")
    expect(toSession).not.toHaveBeenCalled()
  })

  test.each([{ aal: "aal2" as const }, { maxAgeSeconds: 900 }])(
    "checks with Ory when the snapshot does not meet %j",
    async (requirement) => {
      await requestWithSnapshot(session(5000))
      mockOrySession(session(0, "aal2"))
      expect(await checkSession(requirement)).toHaveProperty("session")
      expect(toSession).toHaveBeenCalledTimes(1)
    },
  )

  test("checks with Ory despite the snapshot when fresh is set", async () => {
    await requestWithSnapshot(session(0))
    mockOrySession(session(0))
    expect(await checkSession({ fresh: true })).toHaveProperty("session")
    expect(toSession).toHaveBeenCalledTimes(1)
  })

  test("denies access when the snapshot is not sufficient and Ory is unavailable", async () => {
    vi.spyOn(console, "error").mockImplementationOnce(() => undefined)
    await requestWithSnapshot(session(5000))
    expect(await checkSession({ maxAgeSeconds: 900 })).toMatchObject({
      denied: { code: "ory_unavailable", location: null },
    })
  })
})

describe("checkRequest", () => {
  test.each([
    ["another site", { origin: "https://evil.example" }],
    ["another port", { origin: "http://localhost:4000" }],
    ["a client without an Origin", {}],
  ])("refuses a request from %s, with a response of status 403", async (_, headers) => {
    request = new Headers({ cookie: COOKIE, ...headers })
    const { denied } = await checkRequest()
    expect(denied).toMatchObject({ code: "cross_site_request", location: null })
    const response = denied && deniedResponse(denied)
    expect(response?.status).toBe(403)
    expect(await response?.json()).toMatchObject({ error: { code: "cross_site_request", location: null } })
    expect(toSession).not.toHaveBeenCalled()
  })

  test("checks with Ory despite a snapshot", async () => {
    await requestWithSnapshot(session(0))
    request.set("origin", APP)
    mockOrySession(session(0))
    expect(await checkRequest()).toHaveProperty("session")
    expect(toSession).toHaveBeenCalledTimes(1)
  })
})
