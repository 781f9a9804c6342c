import { assertReadyToServe } from "@/lib/env"

/** Runs once when the server of a standalone build starts: one that lacks a variable does not start. */
export function register(): void {
  // Next calls this for each of its runtimes, and only Node can stop the server.
  if (process.env.NEXT_RUNTIME !== "nodejs") return
  try {
    assertReadyToServe()
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exit(1)
  }
}
