/**
 * The product's name: in page titles, the header and the sign-in card. Ory shows it in mails, authenticator apps and passkey
 * prompts; `ory/kratos.yml` sets it there, and a unit test compares the two.
 */
export const brand = { name: "Ory Next.js Starter" }
