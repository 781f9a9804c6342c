import { existsSync } from "node:fs"
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { freePorts } from "./ports"
import { start, waitForUrl, type Running } from "../scripts/processes"
import { startOry, type LocalOry } from "../scripts/stack"
import { isWarning } from "../scripts/test-runner"
import { certificate, Relay, startTls } from "./relay"
import { sessionSecret, testKratos } from "./settings"

/** An app (the production build) with its own Ory, database and inbox. */
export interface Servers {
  appUrl: string
  /** Where the app itself listens. This differs from `appUrl` when a relay terminates TLS in front of it. */
  plainUrl: string
  oryUrl: string
  /** Where Kratos itself listens, without the relay. */
  kratosUrl: string
  inboxUrl: string
  ory: LocalOry
  /** All requests from the app and the browser to Ory go through this relay. */
  relay: Relay
  /** The lines that the app has logged so far. */
  appLog: string[]
  /** Environment for another Node process that must resolve the hosts of app and Ory, and trust their certificate. */
  nodeEnv: Record<string, string>
  stop(): Promise<void>
}

export interface ServersOptions {
  /** Settings of Kratos, as environment variables. */
  kratos?: Record<string, string>
  /** Settings of the app, as environment variables. */
  app?: Record<string, string>
  /** Configures Kratos like a new project of Ory Network: no URL of the app, and cookies for its own host only. */
  network?: boolean
  /** Configures Kratos like a self-hosted one behind the app: the app's origin is its base URL and its only return URL. */
  behindApp?: boolean
  /** Path of a program that replaces the Ory tunnel, in front of a remote Kratos. */
  tunnel?: string
  /** Adds relays in front of app and Ory that terminate TLS, as load balancers do. Both then use https. */
  tls?: boolean
  /** Puts app and Ory on two hosts of one domain, `app.example.test` and `auth.example.test`. */
  siblings?: boolean
}

/** Starts everything on free ports, so that tests can run next to each other and next to `npm run dev`. */
export async function startServers({
  kratos = {},
  app = {},
  network = false,
  behindApp = false,
  tunnel,
  tls = false,
  siblings = false,
}: ServersOptions = {}): Promise<Servers> {
  const [appPort, relayPort, oryPort, adminPort, mailPort, inboxPort, tlsPort] = await freePorts()
  const [appHost, oryHost] = siblings ? ["app.example.test", "auth.example.test"] : ["localhost", "localhost"]
  const appUrl = tls ? `https://${appHost}:${tlsPort}` : `http://${appHost}:${appPort}`
  const oryUrl =
    tunnel === undefined ? `${tls ? "https" : "http"}://${oryHost}:${relayPort}` : `http://localhost:${tlsPort}`
  const cert = tls ? await certificate() : undefined
  const dataDir = await mkdtemp(join(tmpdir(), "ory-local-"))
  const appLog: string[] = []
  const nodeEnv: Record<string, string> = siblings
    ? { NODE_OPTIONS: `--import=${pathToFileURL(resolve("e2e", "hosts.mjs")).href}` }
    : {}
  const log = (source: string, line: string): void => {
    if (source === "app") appLog.push(line)
    // Some tests cause errors on purpose, so the log is shown on request only.
    if (process.env.DEBUG) console.log(`[${source}] ${line}`)
  }
  // Ory's base URL. Behind the tunnel, the browser cannot reach it.
  const at = tunnel !== undefined ? ORY_NETWORK : behindApp ? appUrl : oryUrl
  const overrides = {
    SERVE_PUBLIC_PORT: String(oryPort),
    ...testKratos,
    ...(network ? networkProject(oryUrl) : {}),
    ...(behindApp ? { SELFSERVICE_ALLOWED_RETURN_URLS: appUrl, SERVE_PUBLIC_CORS_ENABLED: "false" } : {}),
    ...(tunnel === undefined ? {} : { COOKIES_DOMAIN: new URL(at).hostname }),
    ...kratos,
  }
  const secure = network || behindApp || tunnel !== undefined || siblings
  const ory = await startOry({ appUrl, oryUrl: at, adminPort, mailPort, inboxPort, dataDir, overrides, secure, log })
  const relay = new Relay(relayPort, oryPort, cert)
  await relay.start()
  const tunnelling = tunnel === undefined ? undefined : await startTunnel(tunnel, tlsPort, relayPort)
  if (cert) {
    nodeEnv.NODE_EXTRA_CA_CERTS = join(dataDir, "cert.pem")
    await writeFile(nodeEnv.NODE_EXTRA_CA_CERTS, cert.cert)
  }
  const stopApp = await startApp(
    appPort,
    { ORY_SDK_URL: oryUrl, APP_URL: appUrl, SESSION_TOKEN_JWKS: ory.sessionTokenJwks, ...nodeEnv, ...app },
    log,
  )
  const front = cert && (await startTls(tlsPort, appPort, cert))
  return {
    appUrl,
    plainUrl: `http://localhost:${appPort}`,
    kratosUrl: `http://localhost:${oryPort}`,
    oryUrl,
    inboxUrl: `http://localhost:${inboxPort}`,
    ory,
    relay,
    appLog,
    nodeEnv,
    stop: async () => {
      await Promise.all([ory.stop(), relay.stop(), tunnelling?.stop(), front?.()])
      await rm(dataDir, { recursive: true, force: true })
      await stopApp()
    },
  }
}

/** Base URL of the Kratos behind the tunnel. */
export const ORY_NETWORK = "https://demo.projects.oryapis.com"

async function startTunnel(program: string, port: number, kratosPort: number): Promise<Running> {
  const running = await start(program, [String(port), new URL(ORY_NETWORK).host, `localhost:${kratosPort}`])
  await waitForUrl("The tunnel", `http://localhost:${port}/health/alive`, running)
  return running
}

/** Default settings of a project of Ory Network: Ory's own pages, and no other URL to return to. */
function networkProject(oryUrl: string): Record<string, string> {
  const pages = ["login", "registration", "recovery", "verification", "settings", "error"]
  return {
    ...Object.fromEntries(
      pages.map((page) => [`SELFSERVICE_FLOWS_${page.toUpperCase()}_UI_URL`, `${oryUrl}/ui/${page}`]),
    ),
    SELFSERVICE_DEFAULT_BROWSER_RETURN_URL: `${oryUrl}/ui/welcome`,
    SELFSERVICE_FLOWS_VERIFICATION_AFTER_DEFAULT_BROWSER_RETURN_URL: `${oryUrl}/ui/welcome`,
    SELFSERVICE_FLOWS_LOGOUT_AFTER_DEFAULT_BROWSER_RETURN_URL: `${oryUrl}/ui/login`,
    SELFSERVICE_ALLOWED_RETURN_URLS: oryUrl,
    COOKIES_DOMAIN: new URL(oryUrl).hostname,
    SERVE_PUBLIC_CORS_ENABLED: "false",
  }
}

/** Starts the production build on this port. Returns a function that stops it, and throws when Next has logged a warning. */
export async function startApp(
  port: number,
  env: Record<string, string>,
  log: (source: string, line: string) => void = () => undefined,
  folder = ".",
): Promise<() => Promise<void>> {
  const next = createRequire(resolve(folder, "package.json")).resolve("next/dist/bin/next")
  const warnings: string[] = []
  const app = await start(process.execPath, [next, "start", "-H", "localhost", "-p", String(port)], {
    cwd: folder,
    env: { ...process.env, SESSION_SECRET: sessionSecret, ...env },
    log: (line) => {
      log("app", line)
      if (isWarning(line)) warnings.push(line)
    },
  })
  await waitForUrl("The app", `http://localhost:${port}/`, app)
  return async () => {
    await app.stop()
    if (warnings.length > 0) throw new Error(`The app logged warnings of Next's:\n${warnings.join("\n")}`)
  }
}

/** A line of the app's log. */
interface LogLine {
  level: string
  event: string
  message: string
  request_id?: string
}

/** The app's own lines in this log: `lib/log.ts` writes one line of JSON for each event. */
export function events(log: readonly string[]): LogLine[] {
  return log.filter((line) => line.startsWith('{"time":')).map((line) => JSON.parse(line) as LogLine)
}

/** The gate's file. `proxy.ts` is Next's newer name, and runs on Node. */
export const gateFile = existsSync("proxy.ts") ? "proxy.ts" : "middleware.ts"

/** The runtime of the gate in the build. */
export async function gateRuntime(): Promise<"edge" | "node"> {
  const manifest = JSON.parse(await readFile(".next/server/middleware-manifest.json", "utf8")) as { middleware: object }
  return "/" in manifest.middleware ? "edge" : "node"
}

/** Copies this project's build without its gate. The caller removes the copy. */
export async function copyBuildWithoutGate(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "ory-local-copy-"))
  // `next start` reads its configuration, which imports from these folders. The build's cache is large and not needed.
  for (const name of ["package.json", "next.config.ts", "lib", "elements", "public", "node_modules"])
    if (existsSync(name)) await symlink(resolve(name), join(folder, name))
  await cp(".next", join(folder, ".next"), { recursive: true, filter: (path) => !/^\.next\/(cache|dev)$/.test(path) })
  await edit(folder, "middleware-manifest.json", (manifest) => ({ ...manifest, middleware: {}, sortedMiddleware: [] }))
  await edit(folder, "functions-config-manifest.json", (manifest) => ({ ...manifest, functions: {} }))
  return folder
}

async function edit(folder: string, name: string, change: (manifest: object) => object): Promise<void> {
  const file = join(folder, ".next/server", name)
  await writeFile(file, JSON.stringify(change(JSON.parse(await readFile(file, "utf8")) as object)))
}
