import { assertReadyToServe, readEnv } from "@/lib/env"

/** Next calls this when a server starts, and on serverless hosts before the first request. See docs/decisions/check-at-the-start.md. */
export function register(): void {
  // One block for each runtime, because Next warns about `process.exit` in code for Edge.
  if (process.env.NEXT_RUNTIME === "edge") {
    // The Edge runtime can't end the process. An error here makes every request to the gate fail.
    readEnv(process.env)
  } else {
    try {
      assertReadyToServe()
    } catch (error) {
      console.error(error instanceof Error ? error.message : error)
      process.exit(1)
    }
  }
}
