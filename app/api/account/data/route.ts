import { currentRequest } from "@/lib/current-request"
import { credentialParameters, ory } from "@/lib/ory"
import { NO_STORE } from "@/lib/security-headers"
import { checkSession, deny, deniedResponse, readWholeSession } from "@/lib/session"

/** Everything that Ory returns to users about themselves, as a file. Example of a route handler that requires a second factor. */
export async function GET(): Promise<Response> {
  const { denied } = await checkSession({ aal: "aal2", fresh: true })
  if (denied) return deniedResponse(denied)

  const { credential } = await currentRequest()
  const [own, others] = await Promise.all([
    readWholeSession().catch(() => undefined),
    ory.listMySessions(credentialParameters(credential)).catch(() => undefined),
  ])
  if (own === undefined || others?.status !== 200) return deniedResponse(await deny("unavailable"))

  const { identity, ...session } = own
  const sessions = [session, ...others.data.map((other) => ({ ...other, identity: undefined }))]
  return new Response(JSON.stringify({ identity, sessions }, null, 2), {
    headers: {
      ...NO_STORE,
      "content-type": "application/json",
      "content-disposition": 'attachment; filename="my-data.json"',
    },
  })
}
