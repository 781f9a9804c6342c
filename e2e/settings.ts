/** What `e2e/setup.ts` started, for the tests. */
type Setting = "APP_URL" | "ORY_URL" | "ORY_ADMIN_URL" | "INBOX_URL"

export function setting(name: Setting): string {
  const value = process.env[`E2E_${name}`]
  if (value === undefined) throw new Error(`E2E_${name} is not set: run the tests with npm test, which starts what they need.`)
  return value
}
