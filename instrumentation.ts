/** Next calls this when a server starts, and on serverless hosts before the first request. See docs/decisions/check-at-the-start.md. */
export async function register(): Promise<void> {
  // Imported here, because `lib/env.ts` throws on import when a variable is invalid. One block for each runtime, because Next warns
  // about `process.exit` in code for Edge.
  if (process.env.NEXT_RUNTIME === "edge") {
    const { readEnv } = await import("@/lib/env")
    // The Edge runtime can't end the process. An error here makes every request to the gate fail.
    readEnv(process.env)
  } else {
    try {
      const { assertReadyToServe } = await import("@/lib/env")
      assertReadyToServe()
    } catch (error) {
      console.error(error instanceof Error ? error.message : error)
      process.exit(1)
    }
  }
}
