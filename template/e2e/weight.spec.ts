import { readdir, readFile } from "node:fs/promises"
import languages from "../../elements/languages"
import { catalogues } from "../../lib/texts"
import { expect, test } from "../../e2e/fixtures"
import { gateWeight, scriptsWeight } from "./weight"
import { weightLimits } from "./weight-limits"

test("the scripts of the login page stay within their limit", async ({ page }) => {
  expect(await scriptsWeight(page, "/auth/login")).toBeLessThan(weightLimits.login)
})

test("the scripts of the dashboard stay within their limit", async ({ signedInPage }) => {
  expect(await scriptsWeight(signedInPage, "/dashboard")).toBeLessThan(weightLimits.dashboard)
})

test("the gate stays within its limit", async () => {
  expect(await gateWeight(".")).toBeLessThan(weightLimits.gate)
})

test("the browser's scripts contain no language but English", async () => {
  const chunks = (await readdir(".next/static", { recursive: true })).filter((file) => file.endsWith(".js"))
  const code = (await Promise.all(chunks.map((file) => readFile(`.next/static/${file}`, "utf8")))).join("\n")
  for (const id of ["login.title", "two-step.password.title", "identities.messages.4000006"]) expect(code).toContain(id)
  for (const [locale, { "identities.messages.4000006": text = "" }] of Object.entries(languages))
    expect([locale, code.includes(text)]).toEqual([locale, locale === "en"])
  // The app's own texts are in the HTML only, in one language.
  for (const { shared, forms } of Object.values(catalogues))
    for (const text of [shared.skipToContent, forms.needsJavaScript]) expect(code).not.toContain(text)
})
