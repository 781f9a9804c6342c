import type { Session } from "@/lib/ory"
import type { Role } from "@/lib/roles"

/** The signed-in user, as client components see them. The browser gets nothing else of the session. */
export interface User {
  /** Ory's id of the identity. */
  id: string
  email: string | undefined
  /** First and last name. */
  name: string | undefined
  /** Whether the user has proved to own `email`. */
  verified: boolean
  role: Role | undefined
}

/** The user of this session. */
export function userOf({ identity: { id, traits, verified, role } }: Session): User {
  const name = [traits.name?.first, traits.name?.last].filter(Boolean).join(" ")
  return { id, email: traits.email, name: name === "" ? undefined : name, verified, role }
}
