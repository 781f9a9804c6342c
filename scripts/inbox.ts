import type { IncomingMessage, Server } from "node:http"
import { createRequire } from "node:module"

/**
 * The inbox for local mail: `inbox.ts <SMTP port> <port of its page> <folder>`. MailDev accepts every Host and allows every origin
 * by CORS, so any web page in a developer's browser could read the codes in the mail. This script puts a check in front of it.
 * MailDev 3 has no such check either, and its packages are 112 MB instead of 41.
 */

const [smtp = "1025", port = "1080", folder = "mail"] = process.argv.slice(2)
const { host, origin } = new URL(`http://localhost:${port}`)

const require = createRequire(import.meta.url)
const startMailDev = require("maildev") as (options: object) => { listen: () => void }
const web = require("maildev/lib/web") as { server: Server }

startMailDev({ ip: "127.0.0.1", smtp, web: port, mailDirectory: folder, hideExtensions: [] }).listen()

// No request is missed: Node accepts connections only after this script has run.
for (const event of ["request", "upgrade"]) {
  const listeners = web.server.listeners(event)
  if (listeners.length === 0)
    throw new Error(`MailDev has no listener for ${event}. Adapt scripts/inbox.ts to this version of MailDev.`)
  web.server.removeAllListeners(event)
  web.server.on(event, (request: IncomingMessage, ...rest: unknown[]) => {
    const why = refusalReason(request)
    if (why === undefined) for (const listener of listeners) Reflect.apply(listener, web.server, [request, ...rest])
    // An upgrade has no response object, so the refusal goes to the socket for both events.
    else request.socket.end(refusal(why))
  })
}

/** A different Host means DNS rebinding. Browsers send Origin with each request whose response another origin could read. */
function refusalReason({ headers }: IncomingMessage): string | undefined {
  if (headers.host !== host) return `The host of this request is ${headers.host ?? "missing"}.`
  if (headers.origin !== undefined && headers.origin !== origin)
    return `This request comes from a page at ${headers.origin}.`
  return undefined
}

function refusal(why: string): string {
  return [
    "HTTP/1.1 403 Forbidden",
    "content-type: text/plain; charset=utf-8",
    "x-content-type-options: nosniff",
    "connection: close",
    "",
    `${why} The inbox only accepts requests at ${origin}, from its own page.\n`,
  ].join("\r\n")
}
