import { currentRequest } from "@/lib/current-request"
import { paths } from "@/lib/routes"

/** Password managers send users here to change a password: https://w3c.github.io/webappsec-change-password-url/ */
export async function GET(): Promise<Response> {
  const { appUrl } = await currentRequest()
  return Response.redirect(`${appUrl}${paths.settings}#password-settings`, 303)
}
