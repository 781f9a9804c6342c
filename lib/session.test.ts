import { beforeEach, describe, expect, test, vi } from "vitest"
import { checkSession, requireSession } from "@/lib/session"
import { ory } from "@/lib/ory"
import { sealHandoff, sealSnapshot } from "@/lib/sealed"
import type { Session } from "@/lib/ory"

let request = new Headers()
vi.mock("next/headers", () => ({ headers: () => Promise.resolve(request) }))
// Next's server remembers per request; here each call is one.
vi.mock("react", async (original) => ({ ...(await original<object>()), cache: (read: unknown) => read }))

const APP = "http://localhost:3000"
const COOKIE = "ory_kratos_session=1"

function session(secondsAgo: number, aal: "aal1" | "aal2" = "aal1"): Session {
  return {
    id: "1",
    authenticated_at: new Date(Date.now() - secondsAgo * 1000).toISOString(),
    expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    authenticator_assurance_level: aal,
    authentication_methods: [],
    identity: { id: "1", traits: {} },
  }
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
    const checked = await checkSession({ maxAgeSeconds: 900 })
    expect("session" in checked).toBe(passes)
    if ("denied" in checked) {
      expect(checked.denied.code).toBe("session_refresh_required")
      const location = new URL(checked.denied.location ?? "")
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
    expect(await requireSession()).toMatchObject({ id: "1" })
  })
})

describe("a second factor", () => {
  test("passes with one, and is asked for without", async () => {
    await handedOver(session(0, "aal2"))
    expect(await checkSession({ aal: "aal2" })).toHaveProperty("session")
    await handedOver(session(0))
    const checked = await checkSession({ aal: "aal2" })
    expect(checked).toMatchObject({ denied: { code: "session_aal2_required" } })
    expect("denied" in checked && new URL(checked.denied.location ?? "").searchParams.get("aal")).toBe("aal2")
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
    expect(await checkSession({ maxAgeSeconds: 900 })).toEqual({ denied: { code: "ory_unavailable", location: null } })
  })
})
