/** Where what was started is, for the tests. `ORY_URL` is where the browser reaches Ory. */
export type Setting = "APP_URL" | "ORY_URL" | "ORY_ADMIN_URL" | "INBOX_URL"

/** Tells this process, and the workers that it starts, where everything is. */
export function publish(settings: Readonly<Record<Setting, string>>): void {
  for (const [name, value] of Object.entries(settings)) process.env[`E2E_${name}`] = value
}

export function setting(name: Setting): string {
  const value = process.env[`E2E_${name}`]
  if (value === undefined) throw new Error(`E2E_${name} is not set: run the tests with npm test, which starts what they need.`)
  return value
}
