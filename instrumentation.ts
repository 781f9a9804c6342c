/** Runs once when a server starts: a wrong variable stops the start, also where `next.config.ts` is not read again. */
export async function register(): Promise<void> {
  await import("@/lib/env")
}
