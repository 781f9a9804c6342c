import "server-only"
import Negotiator from "negotiator"
import type { Metadata } from "next"
import { headers } from "next/headers"
import languages from "@/elements/languages"
import { catalogues, defaultLocale, type FormLanguage, type Locale, type PageLanguage, type Texts } from "@/lib/texts"

/** Browsers' names of languages that Elements has under another name. */
const ALIASES: Readonly<Record<string, string>> = { nb: "no", nn: "no", fil: "tl" }

/** The user's preferred language among those that have a catalogue, otherwise the product's default language. */
export async function pageLanguage(): Promise<PageLanguage> {
  return pageLanguageFor((await headers()).get("accept-language"))
}

/** The texts of {@link pageLanguage}. */
export async function pageTexts(): Promise<Texts> {
  return (await pageLanguage()).texts
}

/** A page's `generateMetadata`: its title in the user's language. */
export function titled(title: (texts: Texts) => string, others?: Metadata): () => Promise<Metadata> {
  return async () => ({ ...others, title: title(await pageTexts()) })
}

/** The user's preferred language among those that Elements supports, otherwise the product's default language. */
export async function formLanguage(): Promise<FormLanguage> {
  return formLanguageFor((await headers()).get("accept-language"))
}

/** The language of pages for an `Accept-Language` header. Null: the product's default language. */
export function pageLanguageFor(acceptLanguage: string | null): PageLanguage {
  const locale = preferred(acceptLanguage, Object.keys(catalogues)) as Locale
  const texts = catalogues[locale]
  return { locale, direction: directionOf(texts.auth.signIn), texts }
}

/** The language of Ory's forms for an `Accept-Language` header. Texts without a translation are in English. */
export function formLanguageFor(acceptLanguage: string | null): FormLanguage {
  const best = preferred(acceptLanguage, [...Object.keys(languages), ...Object.keys(ALIASES)])
  const locale = ALIASES[best] ?? best
  const isPageLanguage = Object.hasOwn(catalogues, locale)
  const page = pageLanguageFor(isPageLanguage ? locale : acceptLanguage)
  const own = { locale: page.locale, direction: page.direction, texts: page.texts.forms }
  const replaced = isPageLanguage ? page.texts.elements : {}
  if (locale === "en") return { locale, direction: "ltr", texts: replaced, own }
  const texts: FormLanguage["texts"] = { ...languages.en, ...languages[locale], ...replaced }
  return { locale, direction: directionOf(texts["login.title"] ?? ""), texts, own }
}

/** The best of these languages for an `Accept-Language` header (RFC 9110, 12.5.4). For malformed headers, the default language. */
function preferred(acceptLanguage: string | null, offered: readonly string[]): string {
  const headers = { "accept-language": acceptLanguage?.slice(0, 500) }
  // The default language first, so that `*` and a missing header get it.
  return new Negotiator({ headers }).language([defaultLocale, ...offered]) ?? defaultLocale
}

/** Some languages, such as Kurdish, are written in two scripts, so this reads a text. */
function directionOf(text: string): "ltr" | "rtl" {
  return /[\p{Script=Arabic}\p{Script=Hebrew}]/u.test(text) ? "rtl" : "ltr"
}
