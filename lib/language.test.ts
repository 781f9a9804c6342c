import { expect, test, vi } from "vitest"
import languages from "@/elements/languages"
import { formLanguageFor, pageLanguageFor } from "./language"
import { catalogues, defaultLocale } from "./texts"

vi.mock("server-only", () => ({}))

const locales = Object.keys(catalogues)
const others = Object.keys(languages).filter((locale) => !locales.includes(locale))

test.each([
  ["de", "de"],
  ["de-AT,de;q=0.9,en;q=0.8", "de"],
  ["pt-BR", "pt"],
  ["JA", "ja"],
  ["ja;q=0.1,ar;q=0.9", "ar"],
  ["ja;q=0.9,ar", "ar"],
  ["de;q=0,ja;q=0.1", "ja"],
  ["tlh,fr-CH;q=0.5", "fr"],
  ["nb-NO,nb;q=0.9", "no"],
  ["nn-NO", "no"],
  ["fil-PH", "tl"],
  ["fr;q=0.5,*;q=0.1", "fr"],
  ["en-GB,en;q=0.9,de;q=0.8", "en"],
  ["tlh", defaultLocale],
  ["*", defaultLocale],
  ["", defaultLocale],
  [null, defaultLocale],
  ["constructor,__proto__,hasOwnProperty", defaultLocale],
  ["../../de;;q=,,q=1;\0", defaultLocale],
])("the form's language for Accept-Language %j is %s", (header, locale) => {
  expect(formLanguageFor(header).locale).toBe(locale)
})

test("an Accept-Language of more than 10,000 characters gets the default language", () => {
  const header = `${"x".repeat(10_000)},fr`
  expect(formLanguageFor(header).locale).toBe(defaultLocale)
  expect(pageLanguageFor(header).locale).toBe(defaultLocale)
})

test.each(locales)("%s has pages and forms, with our texts in place of those of Elements", (locale) => {
  const page = pageLanguageFor(`${locale}-XX,fr;q=0.5`)
  expect(page).toMatchObject({ locale, texts: catalogues[page.locale] })
  const form = formLanguageFor(`${locale}-XX,fr;q=0.5`)
  expect(form).toMatchObject({ locale, texts: page.texts.elements, own: { locale, texts: page.texts.forms } })
  for (const id of Object.keys(page.texts.elements)) expect(Object.keys(languages.en ?? {})).toContain(id)
})

test("a language without a catalogue has forms only: the page and our texts are in the default language", () => {
  for (const locale of others) {
    expect(pageLanguageFor(locale).locale).toBe(defaultLocale)
    const { texts, own } = formLanguageFor(locale)
    expect([locale, texts]).toEqual([locale, locale === "en" ? {} : languages[locale]])
    expect(own).toMatchObject({ locale: defaultLocale, texts: catalogues[defaultLocale].forms })
  }
})

test("a user whose second language has a catalogue gets the pages in it", () => {
  for (const locale of locales) {
    expect(pageLanguageFor(`fr,${locale};q=0.8`).locale).toBe(locale)
    expect(formLanguageFor(`fr,${locale};q=0.8`)).toMatchObject({ locale: "fr", own: { locale } })
  }
})

test("languages that are written from right to left have that direction", () => {
  const rightToLeft = Object.keys(languages).filter((locale) => formLanguageFor(locale).direction === "rtl")
  expect(rightToLeft).toEqual(["ar", "fa", "he", "ku", "ps", "sd", "ug", "ur"])
})

test("a missing translation of Elements is replaced by the English text", () => {
  const { fr, en } = languages
  if (fr === undefined || en === undefined) throw new Error("French or English is missing")
  const { "login.title": title = "" } = fr
  try {
    Reflect.deleteProperty(fr, "login.title")
    expect(formLanguageFor("fr").texts["login.title"]).toBe(en["login.title"])
  } finally {
    fr["login.title"] = title
  }
})
