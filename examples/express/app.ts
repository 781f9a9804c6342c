import express, { type Express } from "express"
import type { Logger } from "pino"
import type { Config } from "./config.ts"
import { loginUrl, returnTo } from "./return-to.ts"
import { createRequireAuth, sessionOf } from "./session.ts"

/** The whole app, listening nowhere yet. */
export function createApp(config: Config, log: Logger): Express {
  const app = express()
  app.disable("x-powered-by")
  // One address for each page: `returnTo` compares them.
  app.enable("case sensitive routing")
  app.enable("strict routing")
  app.use((_request, response, next) => {
    response.set(
      "content-security-policy",
      "default-src 'none'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
    )
    response.set("x-content-type-options", "nosniff")
    next()
  })
  const requireAuth = createRequireAuth(config, log)

  app.get("/", requireAuth, (request, response) => {
    response.json(sessionOf(request).identity.traits)
  })

  app.get("/dashboard", requireAuth, (request, response) => {
    const { identity, authenticated_at, expires_at } = sessionOf(request)
    const { email } = identity.traits as { email?: string }
    response.send(`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Dashboard</title>
<link rel="icon" href="data:,">
<h1>Dashboard</h1>
<p>Signed in as ${escapeHtml(email ?? identity.id)}, since ${escapeHtml(authenticated_at)}, until ${escapeHtml(expires_at)}.</p>
<p><a href="/refresh-session?return_to=/dashboard">Refresh session</a></p>
</html>
`)
  })

  // Public: whoever has no session left signs in again. https://www.ory.com/docs/kratos/session-management/refresh-extend-sessions
  app.get("/refresh-session", (request, response) => {
    response.set("cache-control", "private, no-store")
    const purpose = request.get("sec-purpose") ?? request.get("purpose") ?? ""
    if (purpose.includes("prefetch")) {
      // Fetched ahead of time, it would begin a flow at Ory for nothing.
      response.sendStatus(503)
      return
    }
    const back = returnTo(request.query.return_to, config.appUrl)
    response.redirect(303, loginUrl(config, back, { refresh: "true" }))
  })

  app.get("/healthz", (_request, response) => {
    response.json({ status: "ok" })
  })

  return app
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
