/** What `npm start` runs: listens until SIGINT or SIGTERM, then answers what is under way and ends. */

import { pino } from "pino"
import { createApp } from "./app.ts"
import { readConfig } from "./config.ts"

/** How long requests under way may take when the process is told to stop, in milliseconds. */
const STOP_LIMIT = 10_000

function start(): void {
  const config = readConfig(process.env)
  const { port, appUrl, oryUrl } = config
  const log = pino()
  if (!process.env.ORY_SDK_URL) log.warn(`ORY_SDK_URL is not set, so Ory is local Ory at ${oryUrl}`)

  // On a laptop only for the laptop itself.
  const host = new URL(appUrl).hostname === "localhost" ? "localhost" : undefined
  const server = createApp(config, log).listen({ port, host }, (error?: Error) => {
    if (error) fail(new Error(`Port ${port} cannot be listened on (${error.message}). Choose another with PORT.`))
    else log.info({ port, appUrl, oryUrl }, "listening")
  })
  const stop = (signal: NodeJS.Signals): void => {
    log.info({ signal }, "stopping")
    server.close(() => {
      log.info("stopped")
    })
    // Connections that become idle from now on end at once.
    server.keepAliveTimeout = 1
    setTimeout(() => {
      server.closeAllConnections()
    }, STOP_LIMIT).unref()
  }
  process.once("SIGINT", stop)
  process.once("SIGTERM", stop)
}

function fail(error: unknown): void {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

try {
  start()
} catch (error) {
  fail(error)
}
