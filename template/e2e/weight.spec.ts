import { readdir, readFile } from "node:fs/promises"
import languages from "../../elements/languages"
import { expect, test } from "../../e2e/fixtures"
import { signedIn } from "../../e2e/http"
import { setting } from "../../e2e/settings"
import { gateWeight, scriptsWeight } from "./weight"

/** What was reached, in bytes, gzipped: a build may weigh 5 % more. An empty page of Next 16.4.6 is 134,900, an empty gate 53,700. */
const REACHED = { login: 253_000, dashboard: 143_100, gate: 94_400 }

const allowed = (reached: number): number => Math.round(reached * 1.05)

test("the login page's scripts stay light", async ({ request }) => {
  expect(await scriptsWeight(request, "/auth/login")).toBeLessThan(allowed(REACHED.login))
})

test("the dashboard's scripts stay light", async ({ request }) => {
  const { cookie } = await signedIn(setting("ORY_URL"), setting("ORY_ADMIN_URL"))
  expect(await scriptsWeight(request, "/dashboard", cookie)).toBeLessThan(allowed(REACHED.dashboard))
})

test("the gate stays light", async () => {
  expect(await gateWeight(".")).toBeLessThan(allowed(REACHED.gate))
})

test("no language is in what browsers load", async () => {
  const chunks = (await readdir(".next/static", { recursive: true })).filter((file) => file.endsWith(".js"))
  const code = (await Promise.all(chunks.map((file) => readFile(`.next/static/${file}`, "utf8")))).join("\n")
  for (const id of ["login.title", "two-step.password.title", "identities.messages.4000006"]) expect(code).toContain(id)
  for (const [locale, { "identities.messages.4000006": text = "" }] of Object.entries(languages))
    expect([locale, code.includes(text)]).toEqual([locale, locale === "en"])
})
