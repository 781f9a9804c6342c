import { randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"

/** What the tests' apps seal with. */
export const sessionSecret = randomBytes(32).toString("base64")

/**
 * This process's environment with every variable of the app's there and empty: then `.env.local`, which Next would read, has no
 * say. What runs in it gets the variables that it needs by name.
 */
export function withoutSettings(): NodeJS.ProcessEnv {
  const names = Array.from(readFileSync(".env.example", "utf8").matchAll(/^#?([A-Z_]+)=/gm), ([, name = ""]) => name)
  return { ...process.env, ...Object.fromEntries(names.map((name) => [name, ""])) }
}

/** Where what was started is, for the tests. `ORY_URL` is where the browser reaches Ory. */
export type Setting = "APP_URL" | "ORY_URL" | "ORY_ADMIN_URL" | "INBOX_URL"

/** Tells this process, and the workers that it starts, where everything is. */
export function publish(settings: Readonly<Record<Setting, string>>): void {
  for (const [name, value] of Object.entries(settings)) process.env[`E2E_${name}`] = value
}

export function setting(name: Setting): string {
  const value = process.env[`E2E_${name}`]
  if (value === undefined)
    throw new Error(`E2E_${name} is not set: run the tests with npm test, which starts what they need.`)
  return value
}
