import { env } from "@/lib/env"

export const dynamic = "force-dynamic"

/**
 * For monitoring: 200 while Ory answers, else 503. Asks Ory for nothing that costs it anything. A load balancer should ask for
 * `/` instead: taken out for an outage of Ory's, the app could not even say so.
 */
export async function GET(): Promise<Response> {
  const ory = await fetch(`${env.oryUrl}/health/alive`, { redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(3000) })
    .then((response) => response.ok)
    .catch(() => false)
  return Response.json({ ory: ory ? "ok" : "unavailable" }, { status: ory ? 200 : 503, headers: { "cache-control": "no-store" } })
}
