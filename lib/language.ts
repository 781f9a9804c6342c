import "server-only"
import Negotiator from "negotiator"
import { headers } from "next/headers"
import languages from "@/lighter-elements/languages"

/** One of the languages that Elements speaks. */
export interface Language {
  /** As in HTML's `lang`. */
  locale: string
  direction: "ltr" | "rtl"
  /** Every text that Elements shows, by its id. Not there for English, which is in Elements' code. */
  texts?: Record<string, string>
}

/** What browsers call languages that Elements has under another name. */
const ALIASES: Readonly<Record<string, string>> = { nb: "no", nn: "no", fil: "tl" }

/** The language that the person prefers, of those that Elements speaks; else English. */
export async function preferredLanguage(): Promise<Language> {
  return languageFor((await headers()).get("accept-language"))
}

/**
 * The best language for an `Accept-Language` header (RFC 9110, 12.5.4), whatever somebody may have put there. A text that
 * a language lacks is English.
 */
export function languageFor(acceptLanguage: string | null): Language {
  // English first: it is what `*` and a missing header get.
  const offered = ["en", ...Object.keys(languages), ...Object.keys(ALIASES)]
  const best = new Negotiator({ headers: { "accept-language": acceptLanguage?.slice(0, 500) } }).language(offered) ?? "en"
  const locale = ALIASES[best] ?? best
  if (locale === "en") return { locale, direction: "ltr" }
  const texts = { ...languages.en, ...languages[locale] }
  // Some languages have two scripts, Kurdish for one: the texts show which one it is.
  const direction = /[\p{Script=Arabic}\p{Script=Hebrew}]/u.test(texts["login.title"] ?? "") ? "rtl" : "ltr"
  return { locale, direction, texts }
}
