/**
 * The product's name, shown in page titles, the header and the sign-in card. Ory shows the name from `ory/kratos.yml` in
 * authenticator apps, passkey prompts and as the sender of mails, and the name from `ory/mails/` in mails. Unit tests compare them.
 */
export const brand = {
  name: "Ory Next.js Starter",
  /** Files in `public/`, for the light and the dark theme. Their height is used, so they can be wide. */
  logo: { light: "/logo.svg", dark: "/logo-dark.svg" },
  /** In the footer of the landing page. */
  links: { terms: "https://example.com/terms", privacy: "https://example.com/privacy" },
} as const
