import { connection } from "next/server"
import { env } from "@/lib/env"

/** How long APIs may use the keys without another request, in seconds. A rotation waits for it: docs/your-own-api.md. */
const MAX_AGE = 300

/** The public keys of session tokens, for APIs that check them. 404 without SESSION_TOKEN_JWKS. */
export async function GET(): Promise<Response> {
  // Not at build time, because the keys are known when the server runs.
  await connection()
  const keys = env.sessionTokenJwks
  if (keys === undefined) return new Response(null, { status: 404, headers: { "cache-control": "no-store" } })
  return Response.json(keys, { headers: { "cache-control": `public, max-age=${MAX_AGE}` } })
}
