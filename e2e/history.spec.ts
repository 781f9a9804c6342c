import type { Page } from "playwright/test"
import { expect, expectSignedIn, follow, signOut, test } from "./fixtures"
import { texts } from "./texts"

/**
 * Next keeps the last pages hidden in the browser. After a sign-out, back and forward must show nothing of the user.
 * These tests move with links and history only, because a page load would discard the hidden pages.
 */

/** Asserts that the page has been redirected to the sign-in page. */
async function expectSignedOut(page: Page, email: string): Promise<void> {
  await page.waitForURL("**/auth/login**")
  await expect(page.locator("input[name=password]")).toBeVisible()
  expect(await page.content()).not.toContain(email)
}

test("after a sign-out, back and forward show nothing of the user", async ({ openAs, user }) => {
  const page = await openAs(user)
  await page.goto("/account")
  await follow(page, texts.nav.devices)
  await expect(page.getByRole("heading", { name: texts.nav.devices, exact: true })).toBeVisible()
  await signOut(page)
  await page.goBack()
  await expectSignedOut(page, user.email)
  await page.goBack()
  await expectSignedOut(page, user.email)
  await page.goForward()
  await expectSignedOut(page, user.email)
})

for (const [path, link] of [
  ["/dashboard", texts.nav.account],
  ["/account", texts.nav.devices],
  ["/account/devices", texts.nav.account],
  ["/account/settings", texts.nav.account],
] as const)
  test(`after a sign-out in another tab, back to ${path} never shows the user again`, async ({ openAs, user }) => {
    const page = await openAs(user)
    await page.goto(path)
    await expectSignedIn(page, user)
    await follow(page, link)
    const tab = await page.context().newPage()
    await tab.goto("/dashboard")
    await signOut(tab)
    await page.bringToFront()

    // Every text that the page shows from now on, in each frame. It ends with the redirect to Ory, which is another page.
    await page.evaluate(() => {
      const main = document.querySelector("main")
      const record = (): void => {
        const shown = sessionStorage.getItem("shown") ?? ""
        const left = main?.checkVisibility() === true
        if (!left) sessionStorage.setItem("shown", `${shown}\n${location.pathname} ${document.body.innerText}`)
        requestAnimationFrame(record)
      }
      record()
    })
    await page.goBack()
    await expectSignedOut(page, user.email)
    const shown = await page.evaluate(() => sessionStorage.getItem("shown"))
    expect(shown).toContain(path)
    expect(shown).not.toContain(user.email)
  })
