import { expect, openUserMenu, test } from "./fixtures"
import { texts } from "./texts"

test("the chosen theme is kept, and is set before a page shows its content", async ({ signedInPage: page }) => {
  await page.emulateMedia({ colorScheme: "light" })
  await page.goto("/dashboard")
  await openUserMenu(page)
  await page.getByRole("group", { name: texts.theme.label }).getByText(texts.theme.dark).click()
  const root = page.locator("html")
  await expect(root).toHaveCSS("color-scheme", "dark")

  // Notes the theme at the moment when the page's body begins.
  await page.addInitScript(() => {
    new MutationObserver((_, observer) => {
      if (!document.querySelector("body")) return
      sessionStorage.setItem("theme at first", document.documentElement.dataset.theme ?? "none")
      observer.disconnect()
    }).observe(document, { childList: true, subtree: true })
  })
  // Protected, prerendered, and public with a nonce.
  for (const path of ["/dashboard", "/", "/auth/signed-out"]) {
    await page.goto(path)
    expect([path, await page.evaluate(() => sessionStorage.getItem("theme at first"))]).toEqual([path, "dark"])
    await expect(root).toHaveCSS("color-scheme", "dark")
  }

  await page.goto("/")
  await page.getByRole("group", { name: texts.theme.label }).getByText(texts.theme.system).click()
  await expect(root).toHaveCSS("color-scheme", "light dark")
  await page.reload()
  await expect(root).toHaveCSS("color-scheme", "light dark")
})
