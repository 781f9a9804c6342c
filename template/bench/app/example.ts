import type { Session } from "@/lib/ory"

/** What pages show that ask nobody: the session of one of the people, which the bench hands to the server at its start. */
export function exampleSession(): Session {
  return JSON.parse(process.env.BENCH_SESSION ?? "null") as Session
}
