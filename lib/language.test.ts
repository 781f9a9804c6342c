import { expect, test, vi } from "vitest"
import languages from "@/elements/languages"
import { texts } from "@/elements/texts"
import { languageFor } from "./language"

vi.mock("server-only", () => ({}))

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
  ["tlh", "en"],
  ["*", "en"],
  ["", "en"],
  [null, "en"],
  ["constructor,__proto__,hasOwnProperty", "en"],
  ["../../de;;q=,,q=1;\0", "en"],
])("the language for Accept-Language %j is %s", (header, locale) => {
  expect(languageFor(header).locale).toBe(locale)
})

test("the language for an Accept-Language of more than 10,000 characters is en", () => {
  expect(languageFor(`${"x".repeat(10_000)},de`).locale).toBe("en")
})

test("English is sent with this product's own texts only, because Elements' code contains the others", () => {
  expect(languageFor("en-US")).toEqual({ locale: "en", direction: "ltr", texts: texts.en })
})

test("other languages are sent with all texts and their writing direction", () => {
  const others = Object.keys(languages)
    .filter((locale) => locale !== "en")
    .map(languageFor)
  for (const { locale, texts: sent } of others) expect(sent).toEqual({ ...languages[locale], ...texts[locale] })
  const rightToLeft = others.filter(({ direction }) => direction === "rtl")
  expect(rightToLeft.map(({ locale }) => locale)).toEqual(["ar", "fa", "he", "ku", "ps", "sd", "ug", "ur"])
})

test("this product's own texts replace texts of Elements, in all languages that have them", () => {
  const ids = Object.keys(texts.en ?? {})
  for (const [locale, own] of Object.entries(texts)) expect([locale, Object.keys(own)]).toEqual([locale, ids])
  for (const id of ids) expect(Object.keys(languages.en ?? {})).toContain(id)
})

test("a missing translation is replaced by the English text", () => {
  const { de, en } = languages
  if (de === undefined || en === undefined) throw new Error("German or English is missing")
  const { "login.title": title = "" } = de
  try {
    Reflect.deleteProperty(de, "login.title")
    expect(languageFor("de").texts["login.title"]).toBe(en["login.title"])
  } finally {
    de["login.title"] = title
  }
})
