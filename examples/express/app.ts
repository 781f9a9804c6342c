import cors from "cors"
import express, { type Express, type RequestHandler } from "express"
import type { Logger } from "pino"
import type { Config } from "./config.ts"
import { loginUrl } from "./return-to.ts"
import { createRequireAuth, sessionOf } from "./session.ts"
import { claimsOf, createRequireToken } from "./token.ts"

/** Creates the app. `server.ts` makes it listen. */
export function createApp(config: Config, log: Logger): Express {
  const requireAuth = createRequireAuth(config, log)
  const requireToken = createRequireToken(config, log)
  // Ignores the cookies of a request with a token. An invalid token would otherwise reach them without the check of `Origin`.
  const requireEither: RequestHandler = (request, response, next) =>
    request.get("authorization") === undefined
      ? requireAuth(request, response, next)
      : requireToken(request, response, next)
  const app = express()
  app.disable("x-powered-by")
  // Each page has exactly one path, because `returnTo` compares paths.
  app.enable("case sensitive routing")
  app.enable("strict routing")
  app.use((_request, response, next) => {
    const policy = "default-src 'none'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
    response.set({ "content-security-policy": policy, "x-content-type-options": "nosniff" })
    next()
  })

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

  // Pages of the web app may call the API, with the user's cookies or with a token. Pages of other origins may not.
  app.use(
    "/api",
    cors({
      origin: (origin, respond) => {
        respond(null, origin === config.webUrl && origin)
      },
      credentials: true,
      allowedHeaders: ["authorization", "content-type"],
      maxAge: 600,
    }),
  )

  app.get("/api/me", requireEither, (request, response) => {
    if (request.session === undefined) {
      const { sub, email, email_verified, role, aal } = claimsOf(request)
      response.json({ by: "token", id: sub, email, email_verified, role, aal })
      return
    }
    const { identity, authenticator_assurance_level: aal } = request.session
    const { email } = identity.traits as { email?: string }
    const { role } = (identity.metadata_public ?? {}) as { role?: string }
    const email_verified = identity.verifiable_addresses?.some(({ value, verified }) => value === email && verified)
    response.json({ by: "cookie", id: identity.id, email, email_verified: email_verified ?? false, role, aal })
  })

  // Public, because a user whose session has expired can sign in again here.
  // https://www.ory.com/docs/kratos/session-management/refresh-extend-sessions
  app.get("/refresh-session", (request, response) => {
    response.set("cache-control", "private, no-store")
    const purpose = request.get("sec-purpose") ?? request.get("purpose") ?? ""
    // A prefetch would start a login flow that the user may never open.
    if (purpose.includes("prefetch")) response.sendStatus(503)
    else {
      // The first of several, as in the web app.
      const page = new URL(request.originalUrl, config.appUrl).searchParams.get("return_to")
      response.redirect(303, loginUrl(config, page, { refresh: "true" }))
    }
  })

  app.get("/healthz", (_request, response) => {
    response.json({ status: "ok" })
  })

  return app
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
