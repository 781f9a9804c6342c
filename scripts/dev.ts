import { randomBytes } from "node:crypto"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { stripVTControlCharacters } from "node:util"
import nextEnv from "@next/env"
import { paths } from "../lib/routes"
import {
  assertPortFree,
  messageOf,
  nodeModule,
  projectDir,
  request,
  run,
  runMain,
  SetupError,
  start,
  waitForUrl,
  writeIfMissing,
} from "./processes"
import { dataDir, demoAdmin, demoUser, seedDemoUsers, socialSignIn, startOry } from "./stack"
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
  const adminPort = readPort("ORY_ADMIN_PORT", 4434)
  const mailPort = readPort("MAIL_PORT", 1025)
  const inboxPort = readPort("INBOX_PORT", 1080)
  const project = process.env.ORY_PROJECT?.trim() ?? ""
  const source = await chooseOry(oryUrl, appUrl, project)
  const ports: [variable: string, port: number][] = [["PORT", port]]
  if (source !== "running") ports.push(["ORY_SDK_URL", Number(new URL(oryUrl).port || 80)])
  if (source === "local") ports.push(["ORY_ADMIN_PORT", adminPort], ["MAIL_PORT", mailPort], ["INBOX_PORT", inboxPort])
  await assertPortsFree(ports)

  const next = nodeModule("next/dist/bin/next")
  if (production) await run(process.execPath, [next, "build"], { cwd: projectDir, log: logAs("app") })
  const deaths: Promise<string>[] = []
  const tunnelTo = source === "tunnel" ? `  (the Ory tunnel to ${project})` : ""
  const summary = [`App    ${appUrl}`, `Ory    ${oryUrl}${tunnelTo}`]
  if (source === "tunnel") {
    const tunnel = await startTunnel({ project, appUrl, oryUrl, log: logAs("ory") })
    deaths.push(tunnel.died)
  }
  if (source === "local") {
    const cookieName = sessionCookie === undefined ? undefined : { SESSION_COOKIE_NAME: sessionCookie }
    const overrides = { ...readSocialSignIn(), ...cookieName }
    const log = (name: string, line: string): void => {
      logAs(name)(line)
    }
    const ory = await startOry({ appUrl, oryUrl, adminPort, mailPort, inboxPort, dataDir, overrides, log })
    deaths.push(ory.died)
    // An empty value in .env.local turns sliding sessions off.
    process.env.ORY_ADMIN_URL ??= ory.adminUrl
    process.env.SESSION_TOKEN_JWKS = ory.sessionTokenJwks
    const warning = await seedDemoUsers(ory.adminUrl)
    if (warning !== undefined) console.warn(`\n${warning}\n`)
    summary.push(`Inbox  http://localhost:${inboxPort}  (all mail that Ory sends)`)
    summary.push(`Demo   ${demoUser.email}, password ${demoUser.password}`)
    summary.push(`Admin  ${demoAdmin.email}, the same password`)
  }
  const args = [next, production ? "start" : "dev", "-H", "localhost", "-p", String(port)]
  const app = await start(process.execPath, args, { cwd: projectDir, log: logAs("app") })
  await waitForUrl("The app", `http://localhost:${port}/`, app)
  console.log(`\n  ${[...summary, "", "Ctrl-C stops everything."].join("\n  ")}\n`)

  throw new SetupError(await Promise.race([app.died("The app"), ...deaths]))
})

/** Chooses the tunnel when ORY_PROJECT is set, else local Ory. Neither when Ory is on another host or runs already. */
async function chooseOry(oryUrl: string, appUrl: string, project: string): Promise<"local" | "tunnel" | "running"> {
  const { hostname, protocol } = new URL(oryUrl)
  if (hostname !== "localhost") {
    console.log(`ORY_SDK_URL is ${oryUrl}: no local Ory${project ? " and no tunnel" : ""} is started.`)
    return "running"
  }
  if (protocol !== "http:")
    throw new SetupError(`ORY_SDK_URL is ${oryUrl}. Local Ory and the Ory tunnel use http. Write http://localhost.`)

  const signIn = await request(`${oryUrl}/self-service/login/browser`, { headers: { accept: "text/html" } })
  const location = signIn?.headers.get("location") ?? ""
  if (location.startsWith(`${appUrl}${paths.login}?`)) {
    console.log(`Ory already runs at ${oryUrl} and redirects to this app, so it is used.`)
    return "running"
  }
  if (signIn !== undefined)
    console.log(`A server at ${oryUrl} redirects sign-in to "${location}" instead of ${appUrl}${paths.login}.`)
  return project ? "tunnel" : "local"
}

async function assertPortsFree(ports: [variable: string, port: number][]): Promise<void> {
  for (const [variable, port] of ports) {
    const [other] = ports.find((one) => one[1] === port) ?? [variable]
    if (other !== variable)
      throw new SetupError(
        `${other} and ${variable} both name port ${port}. Set one of them to another port, in .env.local or before the command.`,
      )
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
    throw new SetupError(messageOf(error))
  }
}

/** Creates `.env.local` with a new secret when the file does not exist. */
async function ensureEnvFile(): Promise<void> {
  const example = await readFile(join(projectDir, ".env.example"), "utf8")
  const secret = `SESSION_SECRET=${randomBytes(32).toString("base64")}`
  if (await writeIfMissing(join(projectDir, ".env.local"), example.replace(/^SESSION_SECRET=$/m, secret)))
    console.log("Created .env.local from .env.example.")
}

function logAs(name: string): (line: string) => void {
  return (line) => {
    // Next writes lines that only hide or show the cursor.
    if (stripVTControlCharacters(line).trim() !== "") console.log(`${name.padEnd(4)} | ${line}`)
  }
}
