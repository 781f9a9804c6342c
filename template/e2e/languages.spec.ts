import languages from "../../elements/languages"
import { expect, test } from "../../e2e/fixtures"
import { signedIn } from "../../e2e/http"
import { setting } from "../../e2e/settings"

for (const [asked, spoken, direction] of [
  ["de-AT", "de", "ltr"],
  ["ja-JP", "ja", "ltr"],
  ["ar-EG", "ar", "rtl"],
  ["pt-BR", "pt", "ltr"],
  ["tlh", "en", "ltr"],
] as const)
  test.describe(`a browser that asks for ${asked}`, () => {
    test.use({ locale: asked })
    const text = (id: string): string => languages[spoken]?.[id] ?? `no text ${id}`

    test("is answered in its language, also about a wrong password", async ({ page, person }) => {
      await page.goto("/auth/login")
      await expect(page.getByRole("heading", { name: text("login.title") })).toBeVisible()
      const card = page.locator(`[lang=${spoken}][dir=${direction}]`)
      await card.getByRole("textbox").first().fill(person.email)
      await card.locator("input[name=password]").fill(person.password)
      await card.getByRole("button", { name: text("identities.messages.1010022"), exact: true }).click()
      await expect(card.getByText(text("identities.messages.4000006"))).toBeVisible()

      await page.goto("/auth/registration")
      await expect(page.getByRole("heading", { name: text("registration.title") })).toBeVisible()
    })

    test("has settings in its language", async ({ page, context }) => {
      const { cookie } = await signedIn(setting("ORY_URL"), setting("ORY_ADMIN_URL"))
      const pairs = cookie
        .split("; ")
        .map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)] as const)
      await context.addCookies(pairs.map(([name, value]) => ({ name, value, url: setting("APP_URL") })))
      await page.goto("/account/settings")
      const card = page.locator(`[lang=${spoken}][dir=${direction}]`)
      await expect(card.getByRole("heading", { name: text("settings.password.title"), exact: true })).toBeVisible()
      await expect(card.getByText(text("settings.totp.description"))).toBeVisible()
    })
  })
