import { randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"

/** SESSION_SECRET of the apps under test. */
export const sessionSecret = randomBytes(32).toString("base64")

/**
 * Settings of Kratos in all tests. With the cost of `ory/kratos.yml`, the hash of a password takes a quarter of a second.
 * The passwords of test users need no such protection.
 */
export const testKratos = { HASHERS_BCRYPT_COST: "4" }

/** The environment of this process with every variable of the app set to an empty string, so that Next ignores `.env.local`. */
export function withoutSettings(): NodeJS.ProcessEnv {
  const names = Array.from(readFileSync(".env.example", "utf8").matchAll(/^#?([A-Z_]+)=/gm), ([, name = ""]) => name)
  return { ...process.env, ...Object.fromEntries(names.map((name) => [name, ""])) }
}

/** Addresses of the servers under test. The browser reaches Ory at `ORY_URL`. */
export type Setting = "APP_URL" | "ORY_URL" | "ORY_ADMIN_URL" | "INBOX_URL"

/** Publishes the addresses to the tests of this worker. */
export function publish(settings: Readonly<Record<Setting, string>>): void {
  for (const [name, value] of Object.entries(settings)) process.env[`E2E_${name}`] = value
}

export function setting(name: Setting): string {
  const value = process.env[`E2E_${name}`]
  if (value === undefined) throw new Error(`E2E_${name} is not set. Read it in a test, not while the file loads.`)
  return value
}
