import type { Session } from "@/lib/ory"

/** A session for unit tests. Times are relative to now. */
export function session(fields: Partial<Session> = {}): Session {
  return {
    id: "3f1c6b9e-6d55-4c6a-9d0c-0c1f6f7d0a11",
    authenticated_at: new Date(Date.now() - 3_600_000).toISOString(),
    expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    authenticator_assurance_level: "aal1",
    authentication_methods: [{ method: "password", aal: "aal1", completed_at: "2030-01-01T11:00:00Z" }],
    identity: {
      id: "b7c2f0d4-5b0b-4a4e-8f10-2f2b5d1b7a22",
      traits: { email: "zoë@example.com", name: { first: "Zoë", last: "李" } },
      verified: true,
      role: undefined,
    },
    ...fields,
  }
}
