/** Runs once when a server starts: one that lacks a variable does not start. */
export async function register(): Promise<void> {
  // Next calls this for each of its runtimes, and only Node can stop the server.
  if (process.env.NEXT_RUNTIME === "nodejs") {
    const { readEnv } = await import("@/lib/env")
    try {
      const { sessionSecrets, warnings } = readEnv(process.env)
      for (const warning of warnings) console.warn(warning)
      if (sessionSecrets.length === 0)
        console.warn("SESSION_SECRET is not set: there are no snapshots, and Ory is asked for every check. Make one with: openssl rand -base64 32")
    } catch (error) {
      console.error(error instanceof Error ? error.message : error)
      process.exit(1)
    }
  }
}
