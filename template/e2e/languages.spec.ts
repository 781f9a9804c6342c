import languages from "../../elements/languages"
import { texts as own } from "../../elements/texts"
import { expect, test } from "../../e2e/fixtures"
import { browserCookies } from "../../e2e/http"
import { setting } from "../../e2e/settings"

for (const [locale, language, direction] of [
  ["de-AT", "de", "ltr"],
  ["ja-JP", "ja", "ltr"],
  ["ar-EG", "ar", "rtl"],
  ["pt-BR", "pt", "ltr"],
  // Klingon has no translation.
  ["tlh", "en", "ltr"],
] as const)
  test.describe(`a browser with the language ${locale}`, () => {
    test.use({ locale })
    const text = (id: string): string => own[language]?.[id] ?? languages[language]?.[id] ?? `no text ${id}`
    const card = `[lang=${language}][dir=${direction}]`

    test(`gets sign-in and sign-up in ${language}, with the message about a wrong password`, async ({
      page,
      newAccount,
    }) => {
      await page.goto("/auth/login")
      await expect(page.getByRole("heading", { name: text("login.title") })).toBeVisible()
      const form = page.locator(card)
      await form.getByRole("textbox").first().fill(newAccount.email)
      await form.locator("input[name=password]").fill(newAccount.password)
      await form.getByRole("button", { name: text("identities.messages.1010022"), exact: true }).click()
      await expect(form.getByText(text("identities.messages.4000006"))).toBeVisible()

      await page.goto("/auth/registration")
      await expect(page.getByRole("heading", { name: text("registration.title") })).toBeVisible()
    })

    test(`gets settings in ${language}`, async ({ signedInPage: page }) => {
      await page.goto("/account/settings")
      const settings = page.locator(card)
      await expect(settings.getByRole("heading", { name: text("settings.password.title"), exact: true })).toBeVisible()
      await expect(settings.getByText(text("settings.totp.description"))).toBeVisible()
    })
  })

test.describe("a browser with a language that is written from right to left", () => {
  test.use({ locale: "ar-EG" })

  test("shows the digits of a code and the dates in their own direction", async ({ page, user }) => {
    await page.goto("/auth/recovery")
    await page.locator("input[name=email]").fill(user.email)
    await page.locator("button[name=method]").click()
    await expect(page.locator("input[name=code]")).toHaveCSS("direction", "ltr")
    await expect(page.locator("[dir=rtl] h1")).toHaveCSS("direction", "rtl")

    await page.context().addCookies(browserCookies(user, setting("APP_URL")))
    await page.goto("/account/devices")
    const time = page.locator("time").first()
    await expect(time).toHaveText(/[\u0600-\u06ff]/)
    await expect(time).toHaveCSS("direction", "rtl")
  })
})
