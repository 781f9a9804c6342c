import { expect, test } from "vitest"
import { catalogues, defaultLocale } from "./index"

/** Each text of a catalogue by its path. A function gets the names of its values. */
function texts(value: unknown, path = ""): [path: string, text: string][] {
  if (typeof value === "string") return [[path, value]]
  if (typeof value === "function")
    return [
      [path, (value as (...values: string[]) => string)(...Array.from({ length: value.length }, (_, i) => `{${i}}`))],
    ]
  return Object.entries(value as object).flatMap(([key, part]) => texts(part, `${path}/${key}`))
}

const placeholders = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort()

test.each(Object.entries(catalogues))("%s has every text, each with the same values", (_, catalogue) => {
  const own = texts(catalogue)
  expect(own.filter(([, text]) => text.trim() === "")).toEqual([])
  // Functions of the default language show how many values a text has.
  const wanted = texts(catalogues[defaultLocale]).map(([path, text]) => [path, placeholders(text)])
  expect(own.map(([path, text]) => [path, placeholders(text)])).toEqual(wanted)
})
