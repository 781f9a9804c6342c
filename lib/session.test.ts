import { beforeEach, describe, expect, test, vi } from "vitest"
import { checkRequest, checkSession, deniedResponse, requireSession } from "@/lib/session"
import { ory } from "@/lib/ory"
import { sealHandoff, sealSnapshot } from "@/lib/sealed"
import type { Session } from "@/lib/ory"
import { session as makeSession } from "@/lib/testing"

let request = new Headers()
vi.mock("next/headers", () => ({ headers: () => Promise.resolve(request) }))
// Next's server remembers per request; here each call is one.
vi.mock("react", async (original) => ({ ...(await original<object>()), cache: (read: unknown) => read }))

const APP = "http://localhost:3000"
const COOKIE = "ory_kratos_session=1"

/** A session whose user signed in this many seconds ago. */
function session(secondsAgo: number, aal: "aal1" | "aal2" = "aal1"): Session {
  const authenticated_at = new Date(Date.now() - secondsAgo * 1000).toISOString()
  return makeSession({ authenticated_at, authenticator_assurance_level: aal })
}

const toSession = vi.spyOn(ory, "toSession")

function orySays(said: Session): void {
  toSession.mockResolvedValue({ status: 200, data: { ...said, active: true }, headers: {} } as unknown as Awaited<
    ReturnType<typeof ory.toSession>
  >)
}

async function handedOver(said: Session): Promise<void> {
  const handoff = await sealHandoff({ outcome: "active", session: said }, COOKIE, APP)
  request = new Headers({ cookie: COOKIE, "x-session-handoff": handoff ?? "", "x-request-path": "/invoices?page=2" })
}

async function remembered(said: Session): Promise<void> {
  const snapshot = await sealSnapshot(said, COOKIE, APP)
  request = new Headers({
    cookie: `${COOKIE}; session_snapshot=${snapshot?.value ?? ""}`,
    "x-request-path": "/invoices",
  })
}

beforeEach(() => {
  toSession.mockReset()
  toSession.mockRejectedValue(new Error("was not to be asked"))
})

describe("a recent sign-in", () => {
  test.each([
    ["just now", 0, true],
    ["within the time", 899, true],
    ["a clock's minute past it", 955, true],
    ["longer ago", 965, false],
    ["in the future, by Ory's clock", -3600, true],
  ])("%s", async (_, secondsAgo, passes) => {
    await handedOver(session(secondsAgo))
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

  test("an unreadable time is not recent", async () => {
    await handedOver({ ...session(0), authenticated_at: "yesterday" })
    expect(await checkSession({ maxAgeSeconds: 900 })).toMatchObject({ denied: { code: "session_refresh_required" } })
  })

  test("whoever did not ask for one gets the session, however old", async () => {
    await handedOver(session(10_000_000))
    expect(await requireSession()).toMatchObject({ authenticator_assurance_level: "aal1" })
  })
})

describe("a second factor", () => {
  test("passes with one, and is asked for without", async () => {
    await handedOver(session(0, "aal2"))
    expect(await checkSession({ aal: "aal2" })).toHaveProperty("session")
    await handedOver(session(0))
    const { denied } = await checkSession({ aal: "aal2" })
    expect(denied?.code).toBe("session_aal2_required")
    expect(new URL(denied?.location ?? "").searchParams.get("aal")).toBe("aal2")
  })

  test("comes before a recent sign-in: it is one", async () => {
    await handedOver(session(5000))
    expect(await checkSession({ aal: "aal2", maxAgeSeconds: 900 })).toMatchObject({
      denied: { code: "session_aal2_required" },
    })
  })
})

describe("a snapshot", () => {
  test("is good enough where it meets the requirement", async () => {
    await remembered(session(0, "aal2"))
    expect(await checkSession({ aal: "aal2", maxAgeSeconds: 900 })).toHaveProperty("session")
    expect(toSession).not.toHaveBeenCalled()
  })

  test.each([{ aal: "aal2" as const }, { maxAgeSeconds: 900 }])(
    "that lacks %j sends nobody away: Ory is asked",
    async (requirement) => {
      await remembered(session(5000))
      orySays(session(0, "aal2"))
      expect(await checkSession(requirement)).toHaveProperty("session")
      expect(toSession).toHaveBeenCalledTimes(1)
    },
  )

  test("is refused where Ory's word is asked for", async () => {
    await remembered(session(0))
    orySays(session(0))
    expect(await checkSession({ fresh: true })).toHaveProperty("session")
    expect(toSession).toHaveBeenCalledTimes(1)
  })

  test("lets nobody in while Ory does not answer", async () => {
    vi.spyOn(console, "error").mockImplementationOnce(() => undefined)
    await remembered(session(5000))
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

  test("asks Ory although there is a snapshot", async () => {
    await remembered(session(0))
    request.set("origin", APP)
    orySays(session(0))
    expect(await checkRequest()).toHaveProperty("session")
    expect(toSession).toHaveBeenCalledTimes(1)
  })
})
