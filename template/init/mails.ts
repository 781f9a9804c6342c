import type { Locale } from "../../lib/texts"
import { InitError, type Copy } from "./copy"

/** The texts of `ory/mails/` in the other languages. `$1` and `$2` are a code and the product's name. */
const TEXTS: readonly (readonly [en: string, others: Record<Exclude<Locale, "en">, string>])[] = [
  ['<html lang="en">', { de: '<html lang="de">', es: '<html lang="es">' }],
  [
    "$1 is your $2 sign-in code",
    { de: "$1 ist Ihr Anmeldecode für $2", es: "$1 es su código de inicio de sesión de $2" },
  ],
  [
    "$1 is your $2 recovery code",
    { de: "$1 ist Ihr Code zur Wiederherstellung bei $2", es: "$1 es su código de recuperación de $2" },
  ],
  [
    "$1 is your $2 sign-up code",
    { de: "$1 ist Ihr Code zur Registrierung bei $2", es: "$1 es su código de registro de $2" },
  ],
  [
    "$1 is your $2 verification code",
    { de: "$1 ist Ihr Bestätigungscode für $2", es: "$1 es su código de verificación de $2" },
  ],
  [
    "No $2 account uses this email address",
    {
      de: "Zu dieser E-Mail-Adresse gibt es kein Konto bei $2",
      es: "Ninguna cuenta de $2 usa esta dirección de correo",
    },
  ],
  ['"Sign in"', { de: '"Anmelden"', es: '"Iniciar sesión"' }],
  [
    "Enter this code to sign in.",
    { de: "Geben Sie diesen Code ein, um sich anzumelden.", es: "Introduzca este código para iniciar sesión." },
  ],
  [
    "If you didn't try to sign in, ignore this email. Don't share the code, because it gives access to your account.",
    {
      de: "Wenn Sie sich nicht anmelden wollten, ignorieren Sie diese E-Mail. Geben Sie den Code nicht weiter, denn er öffnet Ihr Konto.",
      es: "Si no ha intentado iniciar sesión, ignore este correo. No comparta el código, porque da acceso a su cuenta.",
    },
  ],
  [
    "No account uses this address",
    { de: "Zu dieser Adresse gibt es kein Konto", es: "Ninguna cuenta usa esta dirección" },
  ],
  [
    "Someone tried to recover an account with this email address.",
    {
      de: "Jemand wollte mit dieser E-Mail-Adresse ein Konto wiederherstellen.",
      es: "Alguien ha intentado recuperar una cuenta con esta dirección de correo.",
    },
  ],
  [
    "Someone tried to confirm this email address.",
    {
      de: "Jemand wollte diese E-Mail-Adresse bestätigen.",
      es: "Alguien ha intentado confirmar esta dirección de correo.",
    },
  ],
  [
    "If it was you, try another address or sign up. Otherwise, ignore this email.",
    {
      de: "Wenn Sie das waren, versuchen Sie es mit einer anderen Adresse oder registrieren Sie sich. Sonst ignorieren Sie diese E-Mail.",
      es: "Si ha sido usted, pruebe con otra dirección o regístrese. Si no, ignore este correo.",
    },
  ],
  ["Recover your account", { de: "Konto wiederherstellen", es: "Recuperar la cuenta" }],
  [
    "Enter this code to get back into your account.",
    {
      de: "Geben Sie diesen Code ein, um wieder in Ihr Konto zu kommen.",
      es: "Introduzca este código para volver a entrar en su cuenta.",
    },
  ],
  [
    "If you didn't try to recover your account, ignore this email. Don't share the code, because it gives access to your account.",
    {
      de: "Wenn Sie Ihr Konto nicht wiederherstellen wollten, ignorieren Sie diese E-Mail. Geben Sie den Code nicht weiter, denn er öffnet Ihr Konto.",
      es: "Si no ha intentado recuperar su cuenta, ignore este correo. No comparta el código, porque da acceso a su cuenta.",
    },
  ],
  ["Create your account", { de: "Konto erstellen", es: "Crear la cuenta" }],
  [
    "Enter this code to finish signing up.",
    {
      de: "Geben Sie diesen Code ein, um die Registrierung abzuschließen.",
      es: "Introduzca este código para terminar el registro.",
    },
  ],
  [
    "If you didn't sign up, ignore this email. No account is created without the code.",
    {
      de: "Wenn Sie sich nicht registriert haben, ignorieren Sie diese E-Mail. Ohne den Code entsteht kein Konto.",
      es: "Si no se ha registrado, ignore este correo. Sin el código no se crea ninguna cuenta.",
    },
  ],
  ["Confirm your email address", { de: "E-Mail-Adresse bestätigen", es: "Confirmar la dirección de correo" }],
  [
    "Enter this code to confirm that this address is yours.",
    {
      de: "Geben Sie diesen Code ein, um zu bestätigen, dass die Adresse Ihnen gehört.",
      es: "Introduzca este código para confirmar que esta dirección es suya.",
    },
  ],
  [
    "If you didn't request this code, ignore this email. The address stays unconfirmed.",
    {
      de: "Wenn Sie diesen Code nicht angefordert haben, ignorieren Sie diese E-Mail. Die Adresse bleibt unbestätigt.",
      es: "Si no ha pedido este código, ignore este correo. La dirección queda sin confirmar.",
    },
  ],
  [
    "The code expires in {{ . }} minutes.",
    { de: "Der Code ist noch {{ . }} Minuten gültig.", es: "El código caduca en {{ . }} minutos." },
  ],
  ["It expires in {{ . }} minutes.", { de: "Er ist noch {{ . }} Minuten gültig.", es: "Caduca en {{ . }} minutos." }],
]

/** Translates Ory's mails. Throws when a text is in no mail, because it has been changed. */
export function translateMails(copy: Copy, language: Exclude<Locale, "en">): void {
  const mails = copy.files().filter((file) => file.startsWith("ory/mails/") && file.endsWith(".gotmpl"))
  const texts = new Map(mails.map((path) => [path, copy.read(path)]))
  for (const [en, others] of TEXTS) {
    let isFound = false
    for (const [path, text] of texts) {
      const translated = text.replace(pattern(en), (_, ...values: string[]) => filled(others[language], values))
      isFound ||= translated !== text
      texts.set(path, translated)
    }
    if (!isFound) throw new InitError(`No mail in ory/mails/ has the text "${en}". Restore it, then run this again.`)
  }
  for (const [path, text] of texts) copy.edit(path, () => text)
}

/** A text as it stands in a template, with groups for the code and the name. */
function pattern(text: string): RegExp {
  const escaped = text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
  return new RegExp(
    escaped
      .replace("\\$1", "(?<code>\\{\\{ \\.\\w+Code \\}\\})")
      .replace("\\$2", '(?<name>\\{\\{ "(?:[^"\\\\]|\\\\.)*" \\}\\})'),
    "g",
  )
}

function filled(text: string, values: readonly unknown[]): string {
  const groups = values.at(-1) as { code?: string; name?: string } | string
  if (typeof groups === "string") return text
  return text.replace("$1", () => groups.code ?? "").replace("$2", () => groups.name ?? "")
}
