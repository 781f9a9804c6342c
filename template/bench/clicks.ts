import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright/test"
import { chromiumOptions } from "../../e2e/browser"
import { browserCookies, type SignedIn } from "../../e2e/http"
import { paths } from "../../lib/routes"

/** One click between two protected pages. Times are in milliseconds after the click. */
export interface Click {
  /** The first frame that shows another page than before: a placeholder, a mark in the navigation or the content. */
  change: number
  /** The first frame with the heading of the new page. */
  content: number
}

/** The pages that the clicks visit in turn. Settings are not among them, because a click there loads a document by way of Ory. */
const PAGES = [paths.account, paths.devices, paths.dashboard]

/** A slow phone: a quarter of this machine's speed, and the network that Lighthouse calls "slow 4G". */
export async function slowDown(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: 4 })
  await devtools.send("Network.enable")
  await devtools.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 150,
    downloadThroughput: 1_600_000 / 8,
    uploadThroughput: 750_000 / 8,
  })
}

/** Runs `work` with a new browser. */
export async function withBrowser<T>(work: (browser: Browser) => Promise<T>): Promise<T> {
  const sandbox = process.getuid?.() === 0 ? ["--no-sandbox"] : []
  const browser = await chromium.launch({ ...(await chromiumOptions()), args: sandbox })
  try {
    return await work(browser)
  } finally {
    await browser.close()
  }
}

/** Runs `work` with a page of a new browser in which this user is signed in. */
export async function withPage<T>(
  url: string,
  user: SignedIn | undefined,
  options: BrowserContextOptions,
  work: (page: Page) => Promise<T>,
): Promise<T> {
  return withBrowser(async (browser) => {
    const context = await browser.newContext({ baseURL: url, ...options })
    if (user) await context.addCookies(browserCookies(user, url))
    return await work(await context.newPage())
  })
}

/** Signs a user in to a browser on a slow phone, and clicks through the navigation. */
export async function clickThrough(url: string, user: SignedIn, clicks: number): Promise<Click[]> {
  return withPage(url, user, { viewport: { width: 390, height: 844 } }, async (page) => {
    // tsx compiles `click` with calls to a helper of this name, which exists in Node only.
    await page.addInitScript("globalThis.__name = (named) => named")
    await page.goto(paths.dashboard)
    await slowDown(page)
    const measured: Click[] = []
    for (let count = 0; count < clicks; count++) {
      measured.push(await click(page, PAGES[count % PAGES.length] ?? paths.dashboard))
      await page.waitForTimeout(1000)
    }
    return measured
  })
}

/** Looks at every frame after the click. */
async function click(page: Page, path: string): Promise<Click> {
  return page.evaluate(
    (target) =>
      new Promise<Click>((resolve) => {
        const heading = (): string | undefined =>
          Array.from(document.querySelectorAll("h1")).find((element) => element.checkVisibility())?.innerText
        const shown = (): string => {
          const current = Array.from(document.querySelectorAll("nav [aria-current]")).map((link) => link.textContent)
          return JSON.stringify([heading(), current, document.querySelectorAll("[aria-busy=true]").length])
        }
        const [before, headingBefore, start] = [shown(), heading(), performance.now()]
        let change: number | undefined
        const look = (): void => {
          const now = performance.now() - start
          if (shown() !== before) change ??= now
          const current = heading()
          if (current !== undefined && current !== headingBefore) resolve({ change: change ?? now, content: now })
          else requestAnimationFrame(look)
        }
        document.querySelector<HTMLElement>(`nav a[href="${target}"]`)?.click()
        requestAnimationFrame(look)
      }),
    path,
  )
}
