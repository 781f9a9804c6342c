import type { Session } from "@/lib/ory"

/** The session that pages without a session check show. The bench passes it to the server at its start. */
export function exampleSession(): Session {
  return JSON.parse(process.env.BENCH_SESSION ?? "null") as Session
}
