import { headers } from "next/headers"
import { ory, sessionCookies } from "@/lib/ory"
import { checkSession, deniedResponse, wholeSession } from "@/lib/session"

/** Everything that Ory returns to users about themselves, as a file. Example of a route handler that requires a second factor. */
export async function GET(): Promise<Response> {
  const checked = await checkSession({ aal: "aal2", fresh: true })
  if ("denied" in checked) return deniedResponse(checked.denied)

  const cookie = sessionCookies((await headers()).get("cookie"))
  const others = await ory.listMySessions({ cookie }).catch(() => undefined)
  if (others?.status !== 200) return deniedResponse({ code: "ory_unavailable", location: null })

  const { identity, ...session } = await wholeSession()
  const sessions = [session, ...others.data.map((other) => ({ ...other, identity: undefined }))]
  return new Response(JSON.stringify({ identity, sessions }, null, 2), {
    headers: {
      "content-type": "application/json",
      "content-disposition": 'attachment; filename="my-data.json"',
      "cache-control": "private, no-store",
    },
  })
}
