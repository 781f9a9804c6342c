import { randomBytes } from "node:crypto"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { stripVTControlCharacters } from "node:util"
import nextEnv from "@next/env"
import { paths } from "../lib/routes"
import { assertPortFree, nodeModule, projectDir, run, runMain, SetupError, start, waitForUrl } from "./processes"
import { dataDir, demoUser, seedDemoUser, socialSignIn, startOry } from "./stack"
import { startTunnel } from "./tunnel"

/** `npm run dev`, or `npm run preview` with `--production`: starts the app, and Ory where it runs on this machine. */
const production = process.argv.includes("--production")

await runMain(async () => {
  await ensureEnvFile()
  nextEnv.loadEnvConfig(projectDir, !production, { info: () => undefined, error: console.error })
  const port = readPort("PORT", 3000)
  // Next sets no APP_URL. Without it, production mode has no origin for links and cookies.
  process.env.APP_URL ||= `http://localhost:${port}`
  const { oryUrl, appUrls, sessionCookie } = await readEnvironment()
  const [appUrl] = appUrls
  await assertPortFree(port, "PORT")
  const source = await chooseOry(oryUrl, appUrl)
  if (source.kind === "local") await assertPortsFree(port, oryUrl, source.ports)
  if (source.kind === "tunnel") await assertPortFree(portOf(oryUrl), "ORY_SDK_URL")

  const next = nodeModule("next/dist/bin/next")
  if (production) await run(process.execPath, [next, "build"], { cwd: projectDir, log: logAs("app") })
  const ory = await startSource(source, oryUrl, appUrl, sessionCookie)
  const args = [next, production ? "start" : "dev", "-H", "localhost", "-p", String(port)]
  const app = await start(process.execPath, args, { cwd: projectDir, log: logAs("app") })
  await waitForUrl("The app", `http://localhost:${port}/`, app)
  console.log(summary(appUrl, oryUrl, source))

  const appDied = app.died.then(({ description }) => `The app ${description}`)
  throw new SetupError(await Promise.race([appDied, ...(ory ? [ory.died] : [])]))
})

/** The Ory at `ORY_SDK_URL`. `running` means that it is on another host, or that another command started it. */
type OrySource = { kind: "local"; ports: LocalPorts } | { kind: "tunnel"; project: string } | { kind: "running" }

interface LocalPorts {
  adminPort: number
  mailPort: number
  inboxPort: number
}

/** Starts what `source` names. Undefined when Ory runs already. */
async function startSource(
  source: OrySource,
  oryUrl: string,
  appUrl: string,
  sessionCookie: string | undefined,
): Promise<{ died: Promise<string> } | undefined> {
  if (source.kind === "running") return undefined
  if (source.kind === "tunnel") return startTunnel({ project: source.project, appUrl, oryUrl, log: logAs("ory") })
  const cookieName: Record<string, string> = sessionCookie === undefined ? {} : { SESSION_COOKIE_NAME: sessionCookie }
  const ory = await startOry({
    appUrl,
    oryUrl,
    ...source.ports,
    dataDir,
    overrides: { ...readSocialSignIn(), ...cookieName },
    log: (name, line) => {
      logAs(name)(line)
    },
  })
  const warning = await seedDemoUser(ory.adminUrl)
  if (warning !== undefined) console.warn(`\n${warning}\n`)
  return ory
}

/** Chooses the tunnel when ORY_PROJECT is set, else local Ory. Neither when Ory is on another host or runs already. */
async function chooseOry(oryUrl: string, appUrl: string): Promise<OrySource> {
  const project = process.env.ORY_PROJECT?.trim()
  const { hostname, protocol } = new URL(oryUrl)
  if (["127.0.0.1", "[::1]"].includes(hostname))
    throw new SetupError(
      `ORY_SDK_URL is ${oryUrl}. Browsers don't send its cookies to ${appUrl}. Write localhost instead of ${hostname}.`,
    )
  if (hostname !== "localhost") {
    console.log(`ORY_SDK_URL is ${oryUrl}: no local Ory${project ? " and no tunnel" : ""} is started.`)
    return { kind: "running" }
  }
  if (protocol !== "http:")
    throw new SetupError(`ORY_SDK_URL is ${oryUrl}. Local Ory and the Ory tunnel use http. Write http://localhost.`)

  const location = await loginLocation(oryUrl)
  if (location?.startsWith(`${appUrl}${paths.login}?`)) {
    console.log(`Ory already runs at ${oryUrl} and redirects to this app, so it is used.`)
    return { kind: "running" }
  }
  if (location !== undefined)
    console.log(`A server at ${oryUrl} redirects sign-in to "${location}" instead of ${appUrl}${paths.login}.`)
  if (project) return { kind: "tunnel", project }
  const ports = {
    adminPort: readPort("ORY_ADMIN_PORT", 4434),
    mailPort: readPort("MAIL_PORT", 1025),
    inboxPort: readPort("INBOX_PORT", 1080),
  }
  return { kind: "local", ports }
}

/** Where Ory at `oryUrl` redirects a sign-in. Empty without a redirect. Undefined when nothing responds. */
async function loginLocation(oryUrl: string): Promise<string | undefined> {
  const response = await fetch(`${oryUrl}/self-service/login/browser`, {
    redirect: "manual",
    headers: { accept: "text/html" },
    signal: AbortSignal.timeout(5000),
  }).catch(() => undefined)
  return response && (response.headers.get("location") ?? "")
}

async function assertPortsFree(appPort: number, oryUrl: string, local: LocalPorts): Promise<void> {
  const variables = new Map([[appPort, "PORT"]])
  const others: [port: number, variable: string][] = [
    [portOf(oryUrl), "ORY_SDK_URL"],
    [local.adminPort, "ORY_ADMIN_PORT"],
    [local.mailPort, "MAIL_PORT"],
    [local.inboxPort, "INBOX_PORT"],
  ]
  for (const [port, variable] of others) {
    const other = variables.get(port)
    if (other !== undefined)
      throw new SetupError(
        `${other} and ${variable} both name port ${port}. Set one of them to another port, in .env.local or before the command.`,
      )
    variables.set(port, variable)
    await assertPortFree(port, variable)
  }
}

/** Kratos settings for the provider in OIDC_ISSUER. Empty when it is not set. */
function readSocialSignIn(): Record<string, string> {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: clientSecret } = process.env
  if (!issuer) return {}
  if (!URL.canParse(issuer))
    throw new SetupError(
      `OIDC_ISSUER is "${issuer}". Set it to the issuer's URL, for example https://accounts.google.com.`,
    )
  if (!clientId || !clientSecret)
    throw new SetupError(
      "OIDC_ISSUER is set, but OIDC_CLIENT_ID or OIDC_CLIENT_SECRET is missing. Set both to the provider's values, or remove all three.",
    )
  return socialSignIn({ issuer, clientId, clientSecret })
}

function portOf(url: string): number {
  return Number(new URL(url).port || 80)
}

function readPort(variable: string, standard: number): number {
  const value = process.env[variable]?.trim() || String(standard)
  if (!/^\d{1,5}$/.test(value) || Number(value) < 1 || Number(value) > 65535)
    throw new SetupError(`${variable} is "${value}". Set it to a port number, for example ${standard}.`)
  process.env[variable] = value
  return Number(value)
}

/** The environment as the app reads it. */
async function readEnvironment(): Promise<typeof import("../lib/env").env> {
  try {
    return (await import("../lib/env")).env
  } catch (error) {
    throw new SetupError(error instanceof Error ? error.message : String(error))
  }
}

/** Creates `.env.local` with a new secret when the file does not exist. */
async function ensureEnvFile(): Promise<void> {
  const example = await readFile(join(projectDir, ".env.example"), "utf8")
  const secret = `SESSION_SECRET=${randomBytes(32).toString("base64")}`
  const content = example.replace(/^SESSION_SECRET=$/m, secret)
  try {
    await writeFile(join(projectDir, ".env.local"), content, { flag: "wx", mode: 0o600 })
    console.log("Created .env.local from .env.example.")
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
  }
}

function summary(appUrl: string, oryUrl: string, source: OrySource): string {
  const tunnel = source.kind === "tunnel" ? `  (the Ory tunnel to ${source.project})` : ""
  const lines = [`App    ${appUrl}`, `Ory    ${oryUrl}${tunnel}`]
  if (source.kind === "local")
    lines.push(
      `Inbox  http://localhost:${source.ports.inboxPort}  (all mail that Ory sends)`,
      `Demo   ${demoUser.email}, password ${demoUser.password}`,
    )
  lines.push("", "Ctrl-C stops everything.")
  return `\n${lines.map((line) => `  ${line}`).join("\n")}\n`
}

function logAs(name: string): (line: string) => void {
  return (line) => {
    // Next writes lines that only hide or show the cursor.
    if (stripVTControlCharacters(line).trim() !== "") console.log(`${name.padEnd(4)} | ${line}`)
  }
}
