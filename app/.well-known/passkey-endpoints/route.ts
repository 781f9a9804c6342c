import { currentRequest } from "@/lib/current-request"
import { paths } from "@/lib/routes"

/** Password managers read here where users add and remove passkeys: https://www.w3.org/TR/passkey-endpoints/ */
export async function GET(): Promise<Response> {
  const { appUrl } = await currentRequest()
  const url = `${appUrl}${paths.settings}#passkey-settings`
  return Response.json({ enroll: url, manage: url })
}
