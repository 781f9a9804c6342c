import type { Browser } from "playwright/test"
import { slowDown } from "./clicks"

/** One visit of the sign-in page on a slow phone, without cookies and with an empty cache. */
export interface Visit {
  /** Documents that the browser requested, with redirects. */
  documents: number
  /** Milliseconds until the first frame that can show the complete form. */
  form: number
}

/** Opens a URL that leads to the sign-in page, and waits for the form with its password field. */
export async function visitSignIn(browser: Browser, url: string): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 390, height: 844 } })
  try {
    const page = await context.newPage()
    let documents = 0
    page.on("request", (request) => {
      if (request.resourceType() === "document") documents++
    })
    await slowDown(page)
    // A user's browser has started. The start of a new one would be a part of the time, and differs much.
    await page.waitForTimeout(500)
    const before = performance.now()
    await page.goto(url, { waitUntil: "commit" })
    await page.waitForFunction(() =>
      ["input[name=password]", "button[name=method][value=password]"].every((part) =>
        document.querySelector(part)?.checkVisibility(),
      ),
    )
    return { documents, form: performance.now() - before }
  } finally {
    await context.close()
  }
}
