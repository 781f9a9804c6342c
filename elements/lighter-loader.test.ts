import { existsSync, readFileSync } from "node:fs"
import { expect, test } from "vitest"
import languages from "./languages"
import { lighten, lighterElements, unknownShapes } from "./lighter-loader.mjs"

const DIST = "node_modules/@ory/elements-react/dist"
const read = (file: string): string => readFileSync(`${DIST}/${file}`, "utf8")
const MAIN = ["index.mjs", "theme/default/index.mjs"]
const CLIENT = ["client/index.mjs", "client/session-provider.mjs", "client/useSession.mjs", "client/frontendClient.mjs"]

test.each(MAIN)("removes all languages from %s and keeps its exports", (file) => {
  const lightened = lighten(file, read(file))
  expect(lightened.length).toBeLessThan(read(file).length / 5)
  for (const texts of Object.values(languages))
    if (texts["login.title"] !== languages.en?.["login.title"])
      expect(lightened).not.toContain(JSON.stringify(texts["login.title"]))
  expect(lightened.slice(lightened.lastIndexOf("export {"))).toBe(read(file).slice(read(file).lastIndexOf("export {")))
  expect(lightened).toContain("var OryLocales = {};")
})

test.each(CLIENT)("adds extensions to the imports of %s, so that each names an existing file", (file) => {
  const imports = Array.from(lighten(file, read(file)).matchAll(/ from "(\..*)"/g), ([, path]) => path)
  expect(imports).not.toEqual([])
  for (const path of imports) expect(existsSync(`${DIST}/client/${path ?? ""}`)).toBe(true)
})

test("includes a hash of the loader in the rules, so that they change with it", () => {
  expect(JSON.stringify(lighterElements())).toMatch(/"version":"[0-9a-f]{64}"/)
})

test("recognises the installed version of Elements", () => {
  expect(unknownShapes()).toEqual([])
})

test.each([
  ["index.mjs", 'export { OryLocales } from "./locales.mjs"', "the languages"],
  [
    "theme/default/index.mjs",
    read("theme/default/index.mjs").replaceAll("DropdownMenuPrimitive", "Menu"),
    "the menus of Radix",
  ],
  ["client/index.mjs", 'export * from "./session-provider.mjs";', "imports without an extension"],
])("keeps the code of a version with an unknown %s, and reports it", (changed, source, what) => {
  expect(unknownShapes((file) => (file === changed ? source : read(file)))).toEqual([
    expect.stringMatching(new RegExp(`^@ory/elements-react [\\d.]+: dist/${changed} no longer has ${what}`)),
  ])
  expect(lighten("index.mjs", 'export { OryLocales } from "./locales.mjs"')).toBe(
    'export { OryLocales } from "./locales.mjs"',
  )
})

test("has the same text keys in every language as in English", () => {
  expect(Object.keys(languages)).toHaveLength(83)
  for (const [locale, texts] of Object.entries(languages)) {
    expect([locale, Object.keys(texts).sort()]).toEqual([locale, Object.keys(languages.en ?? {}).sort()])
    expect([locale, Object.values(texts).filter((text) => text.trim() === "")]).toEqual([locale, []])
  }
})

test("has the same English texts as Elements' code", () => {
  const texts = MAIN.flatMap((file) => [
    ...lighten(file, read(file)).matchAll(/\bid: "([\w.-]+)",\s+defaultMessage: ("|'|`)(.*?)(?<!\\)\2/gs),
  ])
  expect(texts.length).toBeGreaterThan(400)
  for (const [, id = "", , text = ""] of texts)
    expect([id, text.replaceAll("\\", "")]).toEqual([id, languages.en?.[id]])

  const code = MAIN.map((file) => lighten(file, read(file))).join()
  const inCode = new Set(texts.map(([, id]) => id))
  expect(Object.keys(languages.en ?? {}).filter((id) => code.includes(`"${id}"`) && !inCode.has(id))).toEqual([])
})
