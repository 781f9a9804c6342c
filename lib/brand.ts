/**
 * The product's name, shown in page titles, the header and the sign-in card. Ory shows the name from `ory/kratos.yml` in mails,
 * authenticator apps and passkey prompts. A unit test checks that the two are equal.
 */
export const brand = {
  name: "Ory Next.js Starter",
  /** For search engines and link previews. */
  description: "Create an account, sign in and manage your devices.",
}
