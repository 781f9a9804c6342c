"use client"

import { createContext, use } from "react"
import type { FormLanguage } from "@/lib/texts"

/** The language of the form, and our own texts on it. */
export const FormLanguageContext = createContext<FormLanguage | undefined>(undefined)

/** The language of the form. */
export function useFormLanguage(): FormLanguage {
  const language = use(FormLanguageContext)
  if (language === undefined) throw new Error("The form has no language. Render it in <In>.")
  return language
}

interface OwnTexts {
  texts: FormLanguage["own"]["texts"]
  /** `lang` and `dir` for an element with one of these texts. Needed when the form is in another language. */
  language: { lang?: string; dir?: "ltr" | "rtl" }
}

/** Our own texts on a form, which are in the language of the page where the form's language has no catalogue. */
export function useOwnTexts(): OwnTexts {
  const { locale, own } = useFormLanguage()
  return { texts: own.texts, language: own.locale === locale ? {} : { lang: own.locale, dir: own.direction } }
}
