/** Ory's names for how someone proved who they are. */
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

/** What people call it; one that is new at Ory keeps Ory's name. */
export function methodName({ method = "unknown" }: { method?: string }): string {
  return METHODS[method] ?? method
}
