import { randomBytes } from "node:crypto"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { stripVTControlCharacters } from "node:util"
import nextEnv from "@next/env"
import { assertPortFree, nodeModule, SetupError, projectDir, run, start, stopAll, waitForUrl } from "./processes"
import { dataDir, demoUser, seedDemoUser, socialSignIn, startOry } from "./stack"
import { startTunnel } from "./tunnel"

/** `npm run dev`; with `--production`, `npm run preview`: the app, and beside it Ory and an inbox on this machine. */
const production = process.argv.includes("--production")

/** The app, and everything it needs. Resolves to why it ended. */
async function main(): Promise<string> {
  await ensureEnvFile()
  nextEnv.loadEnvConfig(projectDir, !production, { info: () => undefined, error: console.error })
  const port = readPort("PORT", 3000)
  // Set here rather than by `next`, so that links and cookies are right in production mode as well.
  process.env.APP_URL ||= `http://localhost:${port}`
  const { oryUrl, appUrls, sessionCookie } = await readEnvironment()
  const [appUrl] = appUrls
  await assertPortFree(port, "PORT")
  const oryToStart = await decideOry(oryUrl, appUrl)
  if (oryToStart.ory === "local") await assertPortsFree(oryUrl, oryToStart.ports)
  if (oryToStart.ory === "tunnel") await assertPortFree(Number(new URL(oryUrl).port || 80), "ORY_SDK_URL")

  const next = [nodeModule("next/dist/bin/next")]
  if (production) await run(process.execPath, [...next, "build"], { cwd: projectDir, log: logAs("app") })
  const ory = await startOrySource(oryToStart, oryUrl, appUrl, sessionCookie)

  const app = await start(
    process.execPath,
    [...next, production ? "start" : "dev", "-H", "localhost", "-p", String(port)],
    {
      cwd: projectDir,
      log: logAs("app"),
    },
  )
  await waitForUrl("The app", `http://localhost:${port}/`, app)
  console.log(summary(appUrl, oryUrl, oryToStart))

  const ending = app.died.then(({ how, lastLines }) => `The app ${how}:\n${lastLines}`)
  return Promise.race(ory ? [ending, ory.died] : [ending])
}

/** What this command has to start so that Ory answers at `ORY_SDK_URL`. */
type OryToStart = { ory: "local"; ports: LocalPorts } | { ory: "tunnel"; project: string } | { ory: "elsewhere" }

async function startOrySource(
  oryToStart: OryToStart,
  oryUrl: string,
  appUrl: string,
  sessionCookie: string | undefined,
): Promise<{ died: Promise<string> } | undefined> {
  switch (oryToStart.ory) {
    case "local": {
      const overrides = {
        ...readSocialSignIn(),
        ...(sessionCookie !== undefined && { SESSION_COOKIE_NAME: sessionCookie }),
      }
      const ory = await startOry({
        appUrl,
        oryUrl,
        ...oryToStart.ports,
        dataDir,
        overrides,
        log: (source, line) => {
          logAs(source)(line)
        },
      })
      const warning = await seedDemoUser(ory.adminUrl)
      if (warning !== undefined) console.warn(`\n${warning}\n`)
      return ory
    }
    case "tunnel":
      return startTunnel({ project: oryToStart.project, appUrl, oryUrl, log: logAs("ory") })
    case "elsewhere":
      return undefined
  }
}

interface LocalPorts {
  adminPort: number
  mailPort: number
  inboxPort: number
}

/** A local Ory or the tunnel, by ORY_PROJECT; neither when Ory is elsewhere, or runs already. */
async function decideOry(oryUrl: string, appUrl: string): Promise<OryToStart> {
  const project = process.env.ORY_PROJECT?.trim()
  const { hostname, protocol } = new URL(oryUrl)
  if (["127.0.0.1", "[::1]"].includes(hostname))
    throw new SetupError(
      `ORY_SDK_URL is ${oryUrl}: browsers keep its cookies from ${appUrl}. Write localhost instead of ${hostname}.`,
    )
  if (hostname !== "localhost") {
    console.log(`ORY_SDK_URL is ${oryUrl}: no local Ory${project ? " and no tunnel" : ""} is started.`)
    return { ory: "elsewhere" }
  }
  if (protocol !== "http:")
    throw new SetupError(`ORY_SDK_URL is ${oryUrl}: local Ory and the Ory tunnel speak http. Write http://localhost.`)

  const leadsTo = await loginPage(oryUrl)
  if (leadsTo?.startsWith(`${appUrl}/auth/login?`)) {
    console.log(`Ory already answers at ${oryUrl}, and leads to this app: it is used.`)
    return { ory: "elsewhere" }
  }
  if (leadsTo !== undefined)
    console.log(
      `Something answers at ${oryUrl}, but its login does not lead to ${appUrl}/auth/login${leadsTo && `, it leads to ${leadsTo}`}.`,
    )
  if (project) return { ory: "tunnel", project }
  const ports = {
    adminPort: readPort("ORY_ADMIN_PORT", 4434),
    mailPort: readPort("MAIL_PORT", 1025),
    inboxPort: readPort("INBOX_PORT", 1080),
  }
  return { ory: "local", ports }
}

/** Where a login that is begun at `oryUrl` leads; empty: nowhere. Undefined: nothing answers. */
async function loginPage(oryUrl: string): Promise<string | undefined> {
  try {
    const url = `${oryUrl}/self-service/login/browser`
    const response = await fetch(url, {
      redirect: "manual",
      headers: { accept: "text/html" },
      signal: AbortSignal.timeout(5000),
    })
    return response.headers.get("location") ?? ""
  } catch {
    return undefined
  }
}

async function assertPortsFree(oryUrl: string, { adminPort, mailPort, inboxPort }: LocalPorts): Promise<void> {
  const ports: [variable: string, port: number][] = [
    ["PORT", Number(process.env.PORT)],
    ["ORY_SDK_URL", Number(new URL(oryUrl).port || 80)],
    ["ORY_ADMIN_PORT", adminPort],
    ["MAIL_PORT", mailPort],
    ["INBOX_PORT", inboxPort],
  ]
  for (const [index, [variable, port]] of ports.entries()) {
    const other = ports.slice(0, index).find(([, taken]) => taken === port)
    if (other)
      throw new SetupError(
        `${other[0]} and ${variable} both name port ${port}. Give each a port of its own, in .env.local or before the command.`,
      )
    await assertPortFree(port, variable)
  }
}

/** Kratos settings for the provider that OIDC_ISSUER names, if it is set. */
function readSocialSignIn(): Record<string, string> {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: clientSecret } = process.env
  if (!issuer) return {}
  if (!URL.canParse(issuer))
    throw new SetupError(
      `OIDC_ISSUER is "${issuer}". Set it to the issuer's URL, for example https://accounts.google.com.`,
    )
  if (!clientId || !clientSecret)
    throw new SetupError(
      "OIDC_ISSUER is set, but not OIDC_CLIENT_ID and OIDC_CLIENT_SECRET. Set them to what the provider gave you, or leave all three out.",
    )
  return socialSignIn({ issuer, clientId, clientSecret })
}

function readPort(variable: string, standard: number): number {
  const value = process.env[variable]?.trim() || String(standard)
  if (!/^\d{1,5}$/.test(value) || Number(value) < 1 || Number(value) > 65535)
    throw new SetupError(`${variable} is "${value}". Set it to a port's number, for example ${standard}.`)
  process.env[variable] = value
  return Number(value)
}

/** As the app itself will read it: a wrong variable ends here, without a stack trace. */
async function readEnvironment(): Promise<typeof import("../lib/env").env> {
  try {
    return (await import("../lib/env")).env
  } catch (error) {
    throw new SetupError(error instanceof Error ? error.message : String(error))
  }
}

/** Makes `.env.local`, with a secret of its own, when there is none. */
async function ensureEnvFile(): Promise<void> {
  const example = await readFile(join(projectDir, ".env.example"), "utf8")
  const secret = `SESSION_SECRET=${randomBytes(32).toString("base64")}`
  try {
    await writeFile(join(projectDir, ".env.local"), example.replace(/^SESSION_SECRET=$/m, secret), {
      flag: "wx",
      mode: 0o600,
    })
    console.log("Made .env.local from .env.example.")
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
  }
}

function summary(appUrl: string, oryUrl: string, oryToStart: OryToStart): string {
  const lines = [
    `  App    ${appUrl}`,
    `  Ory    ${oryUrl}${oryToStart.ory === "tunnel" ? `  (the Ory tunnel to ${oryToStart.project})` : ""}`,
    ...(oryToStart.ory === "local"
      ? [
          `  Inbox  http://localhost:${oryToStart.ports.inboxPort}  (all mail that Ory sends)`,
          `  Demo   ${demoUser.email}, password ${demoUser.password}`,
        ]
      : []),
    "",
    "  Ctrl-C stops everything.",
  ]
  return `\n${lines.join("\n")}\n`
}

function logAs(source: string): (line: string) => void {
  return (line) => {
    // Next hides and shows the cursor on lines of their own.
    if (stripVTControlCharacters(line).trim() !== "") console.log(`${source.padEnd(4)} | ${line}`)
  }
}

const asked = new Promise<undefined>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => {
      resolve(undefined)
    })
})

try {
  const ending = await Promise.race([main(), asked])
  if (ending !== undefined) throw new SetupError(ending)
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  console.error(`\n${error.message}\n`)
  process.exitCode = 1
} finally {
  await stopAll()
}
process.exit()
