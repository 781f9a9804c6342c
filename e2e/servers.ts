import { mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { start, waitForUrl } from "../scripts/processes"
import { startOry, type LocalOry } from "../scripts/stack"

/** An app (the production build), and the Ory, database and inbox it has to itself. */
export interface Servers {
  appUrl: string
  oryUrl: string
  inboxUrl: string
  ory: LocalOry
  stop(): Promise<void>
}

export interface ServersOptions {
  /** Kratos settings, as its environment variables. */
  kratos?: Record<string, string>
  /** Settings of the app, as its environment variables. */
  app?: Record<string, string>
  /** The folder with the build. By default this project's own. */
  folder?: string
}

/** Everything on free ports of its own, so that tests run beside `npm run dev` and beside each other. */
export async function startServers({ kratos = {}, app = {}, folder }: ServersOptions = {}): Promise<Servers> {
  const [appPort, oryPort, adminPort, mailPort, inboxPort] = await freePorts()
  const appUrl = `http://localhost:${appPort}`
  const oryUrl = `http://localhost:${oryPort}`
  const dataDir = await mkdtemp(join(tmpdir(), "ory-starter-"))
  const log = (source: string, line: string): void => {
    // A lost connection is what some tests are about.
    if (process.env.DEBUG) console.log(`[${source}] ${line}`)
  }
  const ory = await startOry({ appUrl, oryUrl, adminPort, mailPort, inboxPort, dataDir, overrides: kratos, log })
  const stopApp = await startApp(appPort, { ORY_SDK_URL: oryUrl, APP_URL: appUrl, ...app }, log, folder)
  return {
    appUrl,
    oryUrl,
    inboxUrl: `http://localhost:${inboxPort}`,
    ory,
    stop: async () => {
      await Promise.all([stopApp(), ory.stop()])
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** Starts the production build on this port. Returns what stops it. */
export async function startApp(
  port: number,
  env: Record<string, string>,
  log: (source: string, line: string) => void = () => undefined,
  folder = ".",
): Promise<() => Promise<void>> {
  const next = resolve("node_modules/next/dist/bin/next")
  const app = await start(process.execPath, [next, "start", "-H", "localhost", "-p", String(port)], {
    cwd: folder,
    env: { ...process.env, SESSION_SECRET: "only for tests and long enough for it", ...env },
    log: (line) => {
      log("app", line)
    },
  })
  await waitForUrl("The app", `http://localhost:${port}/`, app)
  return () => app.stop()
}

/** Ports that nothing listens on, of the system's choice. */
export async function freePorts(): Promise<[number, number, number, number, number]> {
  return Promise.all([freePort(), freePort(), freePort(), freePort(), freePort()])
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer()
    server.once("error", fail)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => {
        if (typeof address === "object" && address !== null) done(address.port)
        else fail(new Error("no free port"))
      })
    })
  })
}
