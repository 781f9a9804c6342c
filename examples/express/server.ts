/** `npm start` runs this. It listens until SIGINT or SIGTERM, then finishes open requests and exits. */

import { pino } from "pino"
import { createApp } from "./app.ts"
import { readConfig } from "./config.ts"

/** How long open requests may take after a signal, in milliseconds. */
const SHUTDOWN_TIMEOUT = 10_000

try {
  start()
} catch (error) {
  fail(error)
}

function start(): void {
  const config = readConfig(process.env)
  const { port, appUrl, oryUrl } = config
  const log = pino()
  if (!process.env.ORY_SDK_URL) log.warn(`ORY_SDK_URL is not set. Using local Ory at ${oryUrl}.`)

  // In development, other machines cannot connect.
  const host = new URL(appUrl).hostname === "localhost" ? "localhost" : undefined
  const server = createApp(config, log).listen({ port, host }, (error?: Error) => {
    if (error) fail(new Error(`Cannot listen on port ${port} (${error.message}). Set PORT to another port.`))
    else log.info({ port, appUrl, oryUrl }, "listening")
  })

  const stop = (signal: NodeJS.Signals): void => {
    log.info({ signal }, "stopping")
    server.close(() => {
      log.info("stopped")
    })
    // Close each connection as soon as its request is done.
    server.keepAliveTimeout = 1
    setTimeout(() => {
      server.closeAllConnections()
    }, SHUTDOWN_TIMEOUT).unref()
  }
  process.once("SIGINT", stop)
  process.once("SIGTERM", stop)
}

function fail(error: unknown): void {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
