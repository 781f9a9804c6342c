import { de } from "./de"
import { en } from "./en"
import { es } from "./es"

/** The product's default language: of pages that are the same for every visitor, and of users whose languages have no catalogue. */
export const defaultLocale: Locale = "en"

/** The app's own texts: one catalogue per language. To add a language, copy a file, translate it and list it here. */
export const catalogues = { en, de, es }

export type Locale = keyof typeof catalogues
export type Texts = typeof en

/** A language of the app's own pages. */
export interface PageLanguage {
  /** The value of HTML's `lang` attribute. */
  locale: Locale
  direction: "ltr" | "rtl"
  texts: Texts
}

/** A language of Ory's forms. */
export interface FormLanguage {
  /** The value of HTML's `lang` attribute. */
  locale: string
  direction: "ltr" | "rtl"
  /** All texts of Elements, by id. For English only those that differ, because Elements' code contains the others. */
  texts: Readonly<Record<string, string>>
  /** Our own texts on the form. They are in another language where the form's has no catalogue. */
  own: Pick<PageLanguage, "locale" | "direction"> & { texts: Texts["forms"] }
}
