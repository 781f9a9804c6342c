import "server-only"
import Negotiator from "negotiator"
import { headers } from "next/headers"
import languages from "@/elements/languages"
import { texts as ownTexts } from "@/elements/texts"

/** A language that Elements supports. */
export interface Language {
  /** The value of HTML's `lang` attribute. */
  locale: string
  direction: "ltr" | "rtl"
  /** All texts of Elements, by id. For English only those that differ, because Elements' code contains the others. */
  texts: Readonly<Record<string, string>>
}

/** Browsers' names of languages that Elements has under another name. */
const ALIASES: Readonly<Record<string, string>> = { nb: "no", nn: "no", fil: "tl" }

/** The user's preferred language among those that Elements supports, otherwise English. */
export async function preferredLanguage(): Promise<Language> {
  return languageFor((await headers()).get("accept-language"))
}

/**
 * The best language for an `Accept-Language` header (RFC 9110, 12.5.4). Malformed headers get English, and so does each text
 * that a language has no translation of.
 */
export function languageFor(acceptLanguage: string | null): Language {
  // English first, so that `*` and a missing header get it.
  const offered = ["en", ...Object.keys(languages), ...Object.keys(ALIASES)]
  const best =
    new Negotiator({ headers: { "accept-language": acceptLanguage?.slice(0, 500) } }).language(offered) ?? "en"
  const locale = ALIASES[best] ?? best
  if (locale === "en") return { locale, direction: "ltr", texts: ownTexts.en ?? {} }
  const texts = { ...languages.en, ...languages[locale], ...ownTexts[locale] }
  // Some languages, such as Kurdish, are written in two scripts. Detect the direction from the texts.
  const direction = /[\p{Script=Arabic}\p{Script=Hebrew}]/u.test(texts["login.title"] ?? "") ? "rtl" : "ltr"
  return { locale, direction, texts }
}
