import type { Instrumentation } from "next"
import { log, logStart, REQUEST_ID_HEADER } from "@/lib/log"

/** Next calls this when a server starts, and on serverless hosts before the first request. See docs/decisions/check-at-the-start.md. */
export async function register(): Promise<void> {
  // The Edge runtime can't end the process. There, the gate's own import of `lib/env.ts` throws, so every request fails.
  if (process.env.NEXT_RUNTIME === "nodejs") {
    try {
      // Imported here, because `lib/env.ts` throws on import when a variable is invalid.
      const { assertReadyToServe } = await import("@/lib/env")
      assertReadyToServe()
    } catch (error) {
      logStart("error", "configuration_invalid", error instanceof Error ? error.message : String(error))
      process.exit(1)
    }
  }
}

/** Next calls this for an error that no code caught. Next itself logs the stack, with the same digest. */
export const onRequestError: Instrumentation.onRequestError = (error, { path, method, headers }, { routePath }) => {
  const { digest, name } = error as Error & { digest?: string }
  const id = headers[REQUEST_ID_HEADER]
  // A query may contain the id of a flow.
  const fields = {
    request_id: id?.toString(),
    digest,
    error: name,
    method,
    path: path.split("?", 1)[0],
    route: routePath,
  }
  log("error", "request_failed", `${method} ${routePath} failed with ${name}`, fields)
}
