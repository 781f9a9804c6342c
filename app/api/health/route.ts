import { env } from "@/lib/env"

/**
 * For monitoring: 200 while Ory is reachable, otherwise 503. It calls Ory's cheapest endpoint. Point a load balancer at `/`
 * instead: an instance removed during an outage of Ory could not show the notice.
 */
export async function GET(): Promise<Response> {
  const ory = await fetch(`${env.oryUrl}/health/alive`, {
    redirect: "manual",
    cache: "no-store",
    signal: AbortSignal.timeout(3000),
  })
    .then((response) => response.ok)
    .catch(() => false)
  return Response.json(
    { ory: ory ? "ok" : "unavailable" },
    { status: ory ? 200 : 503, headers: { "cache-control": "no-store" } },
  )
}
