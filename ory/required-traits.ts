/**
 * Test values for the traits, other than the email address, that `identity.schema.json` requires. When you add a required trait to the
 * schema, add a value here. The demo user of local Ory and the accounts of the browser tests use it. For example:
 * `{ company: "Example Ltd", address: { city: "Berlin" } }`.
 */
export const requiredTraits: Record<string, unknown> = {}
