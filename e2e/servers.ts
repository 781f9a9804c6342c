import { cp, mkdtemp, readdir, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { freePorts, run, start, waitForUrl, type Running } from "../scripts/processes"
import { startOry, type LocalOry } from "../scripts/stack"
import { certificate, Relay, startTls } from "./relay"
import { sessionSecret } from "./settings"

/** An app (the production build), and the Ory, database and inbox it has to itself. */
export interface Servers {
  appUrl: string
  /** Where the app itself listens, behind whatever is in front of it. */
  plainUrl: string
  oryUrl: string
  /** Where Kratos itself listens. */
  kratosUrl: string
  inboxUrl: string
  ory: LocalOry
  /** Everything between app, browser and Ory goes through here. */
  relay: Relay
  /** What the app has logged so far, line by line. */
  appLog: string[]
  /** For another Node process that is to reach app and Ory by their names, and trust their certificate. */
  nodeEnv: Record<string, string>
  stop(): Promise<void>
}

export interface ServersOptions {
  /** Kratos settings, as its environment variables. */
  kratos?: Record<string, string>
  /** Settings of the app, as its environment variables. */
  app?: Record<string, string>
  /** Kratos as a project of Ory Network is before anyone has set anything: it knows of no app, and its cookies are its own. */
  network?: boolean
  /** Kratos with the app's origin as its base URL and the only one to return to, as for a Kratos of one's own behind the app. */
  behindApp?: boolean
  /** The program in `e2e/tunnel`, built: it stands where the Ory tunnel does, before a Kratos that is somewhere else. */
  tunnel?: string
  /** Puts relays in front of app and Ory that end TLS, as load balancers do: both are then on https. */
  tls?: boolean
  /** Puts app and Ory on two hosts of one domain, `app.example.test` and `auth.example.test`. */
  siblings?: boolean
}

/** Everything on free ports of its own, so that tests run beside `npm run dev` and beside each other. */
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
    // A lost connection is what some tests are about.
    if (process.env.DEBUG) console.log(`[${source}] ${line}`)
  }
  // Ory says of itself that it is where the relay is; behind the tunnel, where the browser has no business.
  const at = tunnel !== undefined ? ORY_NETWORK : behindApp ? appUrl : oryUrl
  const overrides = {
    SERVE_PUBLIC_PORT: String(oryPort),
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
  const stopApp = await startApp(appPort, { ORY_SDK_URL: oryUrl, APP_URL: appUrl, ...nodeEnv, ...app }, log)
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
      await Promise.all([stopApp(), ory.stop(), relay.stop(), tunnelling?.stop(), front?.()])
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** Where the Kratos behind the tunnel says that it is. */
export const ORY_NETWORK = "https://demo.projects.oryapis.com"

async function startTunnel(program: string, port: number, kratosPort: number): Promise<Running> {
  const running = await start(program, [String(port), new URL(ORY_NETWORK).host, `localhost:${kratosPort}`])
  await waitForUrl("The tunnel", `http://localhost:${port}/health/alive`, running)
  return running
}

/** A project's settings before anyone has changed them: Ory's own pages, and nowhere else to return to. */
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

/** Starts the production build on this port. Returns what stops it. */
export async function startApp(
  port: number,
  env: Record<string, string>,
  log: (source: string, line: string) => void = () => undefined,
  folder = ".",
): Promise<() => Promise<void>> {
  const next = createRequire(resolve(folder, "package.json")).resolve("next/dist/bin/next")
  const app = await start(process.execPath, [next, "start", "-H", "localhost", "-p", String(port)], {
    cwd: folder,
    env: { ...process.env, SESSION_SECRET: sessionSecret, ...env },
    log: (line) => {
      log("app", line)
    },
  })
  await waitForUrl("The app", `http://localhost:${port}/`, app)
  return () => app.stop()
}

/** A copy of this project as a fresh clone is, with its packages unless `install` is false. The caller removes it. */
export async function copyProject({
  without,
  install = true,
}: { without?: string; install?: boolean } = {}): Promise<string> {
  // Not inside this project: Next would look for a gate in the folders above as well.
  const folder = await mkdtemp(join(tmpdir(), "ory-local-copy-"))
  const left = [".next", ".test", ".git", ".ory", ".vercel", "examples", without]
  const wanted = (path: string): boolean => !/(^|\/)node_modules$|^\.env(?!\.example$)/.test(path)
  for (const entry of await readdir("."))
    if (!left.includes(entry) && wanted(entry))
      await cp(entry, join(folder, entry), { recursive: true, filter: wanted })
  if (install) await run("npm", ["ci", "--prefer-offline"], { cwd: folder })
  return folder
}
