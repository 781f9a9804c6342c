import { randomUUID } from "node:crypto"
import { existsSync } from "node:fs"
import { mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { parseArgs } from "node:util"
import { requiredTraits } from "../ory/required-traits"
import { messageOf, nodeModule, projectDir, SetupError, start, type Running } from "./processes"

/**
 * `npm run test:live -- --url https://app.example.com`: the doctor, the main flows and a list of bypass attempts against a deployment.
 * It creates its users by Ory's admin API and deletes them at the end, also when it is interrupted.
 */

interface User {
  email: string
  password: string
}

const NOT_TESTED = [
  "sign-up, verification, recovery and sign-in by code: they need a mailbox",
  "passkeys, the second factor and social sign-in: they need a device or a provider",
]

/** The addresses of users that may exist. A run that was killed leaves this file to the next one. */
const usersFile = join(projectDir, ".test", "live-users.json")

let running: Running | undefined
let interrupted = false
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
  process.on(signal, () => {
    if (!interrupted) console.log("\nInterrupted. The test users are deleted before this command ends.")
    interrupted = true
    void running?.stop()
  })

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      url: { type: "string" },
      schema: { type: "string", default: "default" },
      rate: { type: "string", default: "5" },
    },
  })
  const { url, schema, rate } = values
  if (url === undefined || !URL.canParse(url))
    throw new SetupError("Name the deployment: npm run test:live -- --url https://app.example.com")
  const { ORY_SDK_URL, ORY_ADMIN_URL, ORY_PROJECT_API_TOKEN } = process.env
  if (!ORY_SDK_URL || !ORY_ADMIN_URL)
    throw new SetupError(
      "Set ORY_SDK_URL and ORY_ADMIN_URL to those of the deployment, and on Ory Network ORY_PROJECT_API_TOKEN.",
    )
  if (!URL.canParse(ORY_ADMIN_URL))
    throw new SetupError(`ORY_ADMIN_URL is "${ORY_ADMIN_URL}". Set it to an origin, for example http://127.0.0.1:4434.`)
  const origin = new URL(url).origin
  const admin = new Admin(new URL(ORY_ADMIN_URL).origin, ORY_PROJECT_API_TOKEN)

  const results: boolean[] = []
  const env = { ...process.env, APP_URL: origin }
  if (existsSync(join(projectDir, "scripts/doctor.ts")))
    results.push(await run(["--import", "tsx", "scripts/doctor.ts", "--url", origin], env))
  const left = JSON.parse(await readFile(usersFile, "utf8").catch(() => "[]")) as User[]
  const users = Array.from({ length: 2 }, () => ({
    email: `live-test-${randomUUID()}@example.com`,
    password: randomUUID(),
  }))
  try {
    await mkdir(dirname(usersFile), { recursive: true })
    await writeFile(usersFile, JSON.stringify([...left, ...users].map(({ email }) => ({ email }))))
    for (const user of users) if (!wasInterrupted()) await admin.create(user, schema)
    const tests = { ...env, E2E_APP_URL: origin, LIVE_USERS: JSON.stringify(users), LIVE_RATE: rate }
    const config = join("e2e", "live", "playwright.config.ts")
    results.push(await run([nodeModule("playwright/cli.js"), "test", "--config", config], tests))
  } finally {
    for (const { email } of [...left, ...users]) await admin.delete(email)
    await rm(usersFile, { force: true })
    console.log("The test users are deleted.")
  }
  console.log(`\nNot tested:\n${NOT_TESTED.map((text) => `- ${text}`).join("\n")}`)
  if (wasInterrupted() || results.includes(false)) process.exitCode = 1
}

/** A function, because TypeScript does not see that a signal changes the variable. */
function wasInterrupted(): boolean {
  return interrupted
}

/** Runs a program of Node and shows its output. Returns whether it succeeded. */
async function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<boolean> {
  if (wasInterrupted()) return false
  running = await start(process.execPath, args, { cwd: projectDir, env, patience: 10_000, log: console.log })
  const { ok } = await running.ended
  // Stops browsers that are left.
  await running.stop()
  return ok
}

/** Ory's admin API, for the users of these tests. */
class Admin {
  constructor(
    private readonly url: string,
    private readonly token: string | undefined,
  ) {}

  async create({ email, password }: User, schema: string): Promise<void> {
    const response = await this.send("POST", "", {
      schema_id: schema,
      traits: { ...requiredTraits, email },
      credentials: { password: { config: { password } } },
      verifiable_addresses: [{ value: email, via: "email", verified: true, status: "completed" }],
    })
    if (response.status !== 201)
      throw new SetupError(
        `Ory refused a test user (${response.status}). If your identity schema has another id, pass it with --schema. Add required traits to ory/required-traits.ts. Ory's response: ${await response.text()}`,
      )
  }

  /** Deletes the user with this address, if there is one. */
  async delete(email: string): Promise<void> {
    const found = await this.send("GET", `?credentials_identifier=${encodeURIComponent(email)}`)
    if (found.status !== 200)
      throw new SetupError(`Ory did not say whether ${email} exists (${found.status}). Delete this user by hand.`)
    for (const { id } of (await found.json()) as { id: string }[]) {
      const { status } = await this.send("DELETE", `/${id}`)
      if (status !== 204 && status !== 404)
        throw new SetupError(`Ory did not delete ${email} (${status}). Delete this user by hand.`)
    }
  }

  private async send(method: string, path: string, body?: object): Promise<Response> {
    const headers = {
      "content-type": "application/json",
      ...(this.token ? { authorization: `Bearer ${this.token}` } : {}),
    }
    const init = { method, headers, body: JSON.stringify(body), signal: AbortSignal.timeout(15_000) }
    try {
      // Another origin must not get the token.
      return await fetch(`${this.url}/admin/identities${path}`, { ...init, redirect: "manual" })
    } catch (error) {
      throw new SetupError(`Ory's admin API at ${this.url} did not respond: ${messageOf(error)}`)
    }
  }
}

try {
  await main()
} catch (error) {
  console.error(error instanceof SetupError ? `\n${error.message}\n` : error)
  process.exitCode = 1
}
