/**
 * The roles of your product. Ory keeps a user's role as `{ "role": "admin" }` in `metadata_public` of the identity. Users can read it, and
 * only the admin API can change it. See docs/roles.md.
 */
const ROLES = ["admin"] as const

export type Role = (typeof ROLES)[number]

/** The role in an identity's `metadata_public`. Unknown values mean no role. */
export function readRole(metadata: unknown): Role | undefined {
  const { role } = (metadata ?? {}) as { role?: unknown }
  return ROLES.find((known) => known === role)
}
