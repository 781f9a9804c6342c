import languages from "../../elements/languages"
import { catalogues, type Texts } from "../../lib/texts"
import { codeFor, expect, test } from "../../e2e/fixtures"
import { browserCookies, send } from "../../e2e/http"
import { setting } from "../../e2e/settings"

/** The text of Ory's form with this id. */
function ory(language: string, id: string): string {
  const own: Partial<Record<string, Texts>> = catalogues
  return { ...languages[language], ...own[language]?.elements }[id] ?? `no text ${id}`
}

for (const [locale, language] of [
  ["de-AT", "de"],
  ["es-MX", "es"],
] as const)
  test.describe(`a browser with the language ${locale}`, () => {
    test.use({ locale })
    const texts = catalogues[language]

    test("gets pages, titles, forms and dates in it, from sign-up to a refused action", async ({
      page,
      newAccount,
    }) => {
      const expectPage = async (title: string): Promise<void> => {
        await expect(page).toHaveTitle(new RegExp(`^${title} · `))
        await expect(page.locator("html")).toHaveAttribute("lang", language)
        await expect(page.locator("html")).toHaveAttribute("dir", "ltr")
        // Nothing on the page is marked as another language.
        await expect(page.locator(`body [lang]:not([lang=${language}])`)).toHaveCount(0)
      }

      await test.step("sign-up", async () => {
        await page.goto("/auth/registration")
        await expectPage(texts.auth.createAccount)
        await expect(page.getByRole("heading", { name: texts.elements["registration.title"] })).toBeVisible()
        await page.getByRole("textbox", { name: texts.forms.labels["traits.email"] }).fill(newAccount.email)
        await page.getByRole("textbox", { name: texts.forms.labels["traits.name.first"] }).fill("Ada")
        await page.getByRole("button", { name: ory(language, "identities.messages.1040001") }).click()
        await page.getByRole("button", { name: ory(language, "two-step.password.title") }).click()
        await page.locator("input[name=password]").fill(newAccount.password)
        await page.getByRole("button", { name: ory(language, "identities.messages.1040001") }).click()
        await page.waitForURL("**/auth/verification**")
        await expectPage(texts.auth.verification)
        await expect(page.getByRole("link", { name: texts.forms.confirmLater })).toBeVisible()
        await page.locator("input[name=code]").fill(await codeFor(newAccount.email))
        await page.locator("button[name=method][value=code]").first().click()
        await page.getByRole("link", { name: ory(language, "identities.messages.1070009") }).click()
      })

      await test.step("the dashboard", async () => {
        await expectPage(texts.dashboard.title)
        await expect(page.getByRole("heading", { name: texts.dashboard.greeting("Ada") })).toBeVisible()
        await page.getByText(texts.dashboard.session.title).click()
        await expect(page.locator("dl")).toContainText(texts.methods.password)
        const today = new Intl.DateTimeFormat(locale, { dateStyle: "medium" }).format(new Date())
        await expect(page.locator("time").first()).toContainText(today)
      })

      await test.step("the account pages", async () => {
        await page.goto("/account")
        await expectPage(texts.account.title)
        await page.getByRole("textbox", { name: texts.account.form.firstName }).fill("Grace")
        await page.getByRole("button", { name: texts.account.form.save }).click()
        await expect(page.getByText(texts.account.form.saved)).toBeVisible()
        await page.context().clearCookies()
        await page.getByRole("button", { name: texts.account.form.save }).click()
        await expect(page.getByText(texts.shared.denied.signedOut)).toBeVisible()
      })
    })

    test("gets a wrong password, settings, devices and an unknown path in it", async ({ page, user }) => {
      await page.goto("/auth/login")
      await expect(page.getByRole("heading", { name: ory(language, "login.title") })).toBeVisible()
      await page.getByRole("textbox", { name: texts.forms.labels.identifier }).fill(user.email)
      await page.locator("input[name=password]").fill("wrong password")
      await page.getByRole("button", { name: ory(language, "identities.messages.1010022"), exact: true }).click()
      await expect(page.getByText(ory(language, "identities.messages.4000006"))).toBeVisible()
      await expect(page.getByRole("link", { name: texts.forms.resetPassword })).toBeVisible()

      await page.context().addCookies(browserCookies(user, setting("APP_URL")))
      await page.goto("/account/settings")
      await expect(page.getByRole("heading", { name: texts.security.title })).toBeVisible()
      await expect(page.getByText(texts.elements["settings.totp.description"])).toBeVisible()
      await expect(page.getByText(texts.forms.setUp)).toBeVisible()
      await expect(page.getByRole("textbox", { name: texts.forms.labels["traits.email"] })).toBeVisible()

      await page.goto("/account/devices")
      await expect(page.getByText(texts.devices.list.thisDevice)).toBeVisible()
    })

    test("gets the page for an unknown path in it, with status 404", async () => {
      const response = await fetch(`${setting("APP_URL")}/auth/no-such-page`, {
        headers: { "accept-language": locale },
      })
      expect(response.status).toBe(404)
      const body = await response.text()
      expect(body).toContain(`<html lang="${language}" dir="ltr"`)
      expect(body).toContain(`<title>${texts.notices.notFound.title} · `)
    })
  })

const en = catalogues.en

for (const [locale, language, direction] of [
  ["fr-FR", "fr", "ltr"],
  ["ar-EG", "ar", "rtl"],
] as const)
  test.describe(`a browser with the language ${locale}, which has no catalogue`, () => {
    test.use({ locale })

    test("gets Ory's forms in it, and all other texts in English", async ({ page, newAccount }) => {
      await page.goto("/auth/login")
      await expect(page).toHaveTitle(new RegExp(`^${en.auth.signIn} · `))
      await expect(page.locator("html")).toHaveAttribute("lang", "en")
      await expect(page.locator("html")).toHaveAttribute("dir", "ltr")
      const form = page.locator(`[lang=${language}][dir=${direction}]`)
      await expect(form.getByRole("heading", { name: ory(language, "login.title") })).toBeVisible()
      await form.getByRole("textbox").first().fill(newAccount.email)
      await form.locator("input[name=password]").fill(newAccount.password)
      await form.getByRole("button", { name: ory(language, "identities.messages.1010022"), exact: true }).click()
      await expect(form.getByText(ory(language, "identities.messages.4000006"))).toBeVisible()
      await expect(form.locator("[lang=en][dir=ltr]").getByText(en.forms.resetPassword)).toBeVisible()
    })

    test("gets settings and devices, each part with its own language and direction", async ({ signedInPage: page }) => {
      await page.goto("/account/settings")
      await expect(page.getByRole("heading", { name: en.security.title })).toHaveCSS("direction", "ltr")
      const settings = page.locator(`[lang=${language}]`)
      await expect(settings.getByText(ory(language, "settings.totp.description"))).toHaveCSS("direction", direction)
      await expect(settings.locator("[lang=en]").getByText(en.forms.setUp)).toBeVisible()

      await page.goto("/account/devices")
      const today = new Intl.DateTimeFormat("en", { dateStyle: "medium" }).format(new Date())
      await expect(page.locator("time").first()).toContainText(today)
    })
  })

test.describe("a browser with a language that is written from right to left", () => {
  test.use({ locale: "ar-EG" })

  test("shows the digits of a code in their own direction", async ({ page, user }) => {
    await page.goto("/auth/recovery")
    await page.locator("input[name=email]").fill(user.email)
    await page.locator("button[name=method]").click()
    await expect(page.locator("input[name=code]")).toHaveCSS("direction", "ltr")
    await expect(page.locator("[dir=rtl] h1")).toHaveCSS("direction", "rtl")
  })
})

test("the landing page is the same for every language: prerendered, in the default language", async () => {
  const pages = await Promise.all(
    ["de", "ar", undefined].map((language) =>
      send(setting("APP_URL"), "/", { headers: language === undefined ? {} : { "accept-language": language } }),
    ),
  )
  const [first] = pages
  expect(first?.body).toContain('<html lang="en" dir="ltr"')
  for (const { status, headers, body } of pages) {
    expect([status, headers["x-nextjs-prerender"]]).toEqual([200, expect.stringContaining("1")])
    expect(body).toBe(first?.body)
  }
})

for (const language of Object.keys(catalogues))
  test(`a page in ${language} contains the texts of no other language`, async () => {
    const { body } = await send(setting("APP_URL"), "/auth/error", { headers: { "accept-language": language } })
    for (const [locale, { shared }] of Object.entries(catalogues))
      expect([locale, body.includes(shared.skipToContent)]).toEqual([locale, locale === language])
  })
