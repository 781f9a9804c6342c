/** Readable names of Ory's authentication methods. */
const METHODS: Partial<Record<string, string>> = {
  password: "Password",
  code: "Code by e-mail",
  code_recovery: "Recovery code",
  link_recovery: "Recovery link",
  totp: "Authenticator app",
  lookup_secret: "Backup code",
  passkey: "Passkey",
  webauthn: "Security key",
  oidc: "Social sign-in",
}

/** The readable name of a method. A method unknown here keeps Ory's name. */
export function methodName({ method = "unknown" }: { method?: string }): string {
  return METHODS[method] ?? method
}
