"use client"

import { createContext, use, type ReactNode } from "react"
import type { Texts } from "@/lib/texts"

type SharedTexts = Texts["shared"]

const Shared = createContext<SharedTexts | undefined>(undefined)

/** Gives components in the browser the texts that they share, in the language of the page. Pages pass all others as props. */
export function TextsProvider({ texts, children }: { texts: SharedTexts; children: ReactNode }): ReactNode {
  return <Shared value={texts}>{children}</Shared>
}

/** The shared texts. */
export function useTexts(): SharedTexts {
  const texts = use(Shared)
  if (texts === undefined) throw new Error("useTexts() was called outside of TextsProvider.")
  return texts
}
