import { mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { chromium, type Browser, type Page } from "playwright"
import sharp from "sharp"
import { chromiumOptions, installChromium } from "../e2e/browser"
import { startServers } from "../e2e/servers"
import { withoutSettings } from "../e2e/settings"
import { brand } from "../lib/brand"
import { paths } from "../lib/routes"
import { catalogues, defaultLocale } from "../lib/texts"
import { nodeModule, projectDir, run, runMain } from "./processes"
import { demoAdmin, demoUser, seedDemoUsers } from "./stack"

/**
 * `npm run screenshots` makes the pictures of the README, the picture of link previews and the icon for home screens. It builds the app,
 * starts it with a real Ory, and signs a user in.
 */

const PICTURES = join(projectDir, "docs", "screenshots")

await runMain(async () => {
  await installChromium()
  console.log("Building the app")
  // Not the settings of .env.local.
  Object.assign(process.env, withoutSettings())
  const env = { ...process.env, ORY_SDK_URL: "http://localhost:4000", APP_URL: "http://localhost:3000" }
  await run(process.execPath, [nodeModule("next/dist/bin/next"), "build"], { env })
  await mkdir(PICTURES, { recursive: true })

  const servers = await startServers()
  const args = process.getuid?.() === 0 ? ["--no-sandbox"] : []
  const browser = await chromium.launch({ ...(await chromiumOptions()), args })
  try {
    await seedDemoUsers(servers.ory.adminUrl)
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await browser.newPage({
        colorScheme,
        baseURL: servers.appUrl,
        reducedMotion: "reduce",
        locale: defaultLocale,
      })
      const pictures = [await shot(page, paths.home), await shot(page, paths.login)]
      await page.locator("input[name=identifier]").fill(demoUser.email)
      await page.locator("input[name=password]").fill(demoUser.password)
      await page.locator("button[name=method][value=password]").click()
      await page.waitForURL(`**${paths.dashboard}`)
      pictures.push(await shot(page, paths.dashboard), await shot(page, paths.settings))
      await page.close()
      await overview(browser, pictures, colorScheme)
    }
    await writeFile(join(PICTURES, "tour.webp"), await animation(await tour(browser, servers.appUrl)))
    await linkPreview(browser, join(projectDir, "public", "opengraph-image.png"))
    await homeScreenIcon(join(projectDir, "app", "apple-icon.png"))
    console.log("The pictures are in docs/screenshots/, public/opengraph-image.png and app/apple-icon.png.")
  } finally {
    await browser.close()
    await servers.stop()
  }
})

/** A screenshot of the page at this path, as a data URL. */
async function shot(page: Page, path: string): Promise<string> {
  await page.goto(path)
  await page.waitForLoadState("networkidle")
  return `data:image/png;base64,${(await page.screenshot()).toString("base64")}`
}

/** The picture of the README: all pages of one theme. */
async function overview(browser: Browser, pictures: readonly string[], colorScheme: "light" | "dark"): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1600, height: 921 } })
  const images = pictures.map((picture) => `<img src="${picture}">`).join("")
  await page.setContent(`<style>
    body { margin: 0; padding: 16px; display: grid; grid-template-columns: 1fr 1fr; gap: 16px; background: ${colorScheme === "dark" ? "#27272a" : "#e4e4e7"} }
    img { width: 100%; border-radius: 8px }
  </style>${images}`)
  await page.screenshot({ path: join(PICTURES, `overview-${colorScheme}.png`) })
  await page.close()
}

/** From the two commands to the dashboard, as PNG files. */
async function tour(browser: Browser, appUrl: string): Promise<Buffer[]> {
  const page = await browser.newPage({
    viewport: { width: 960, height: 640 },
    baseURL: appUrl,
    reducedMotion: "reduce",
  })
  const frames: Buffer[] = []
  const add = async (): Promise<void> => {
    await page.waitForLoadState("networkidle")
    frames.push(await page.screenshot())
  }
  const lines = [
    "$ npm install && npm run dev",
    "",
    "  App    http://localhost:3000",
    "  Ory    http://localhost:4000",
    "  Inbox  http://localhost:1080  (all mail that Ory sends)",
    `  Demo   ${demoUser.email}, password ${demoUser.password}`,
    `  Admin  ${demoAdmin.email}, the same password`,
  ]
  for (const shown of [1, lines.length]) {
    await page.setContent(`<style>
      body { margin: 0; padding: 48px; background: #18181b; color: #fafafa }
      pre { font: 18px/1.7 ui-monospace, monospace; white-space: pre-wrap }
    </style><pre></pre>`)
    await page.locator("pre").evaluate((pre, text) => (pre.textContent = text), lines.slice(0, shown).join("\n"))
    await add()
  }
  await page.goto(paths.home)
  await add()
  await page.goto(paths.login)
  await add()
  await page.locator("input[name=identifier]").fill(demoUser.email)
  await page.locator("input[name=password]").fill(demoUser.password)
  await add()
  await page.locator("button[name=method][value=password]").click()
  for (const path of [paths.dashboard, paths.settings, paths.devices]) {
    if (path === paths.dashboard) await page.waitForURL(`**${path}`)
    else await page.goto(path)
    await add()
  }
  await page.close()
  return frames
}

/** An animated WebP that shows each frame for 1.6 seconds, again and again. GitHub shows it, and it is smaller than a GIF. */
async function animation(frames: Buffer[]): Promise<Buffer> {
  return sharp(frames, { join: { animated: true } })
    .webp({ delay: frames.map(() => 1600), loop: 0, quality: 80 })
    .toBuffer()
}

/** Logo, name and description, in the size that link previews use. https://ogp.me */
async function linkPreview(browser: Browser, path: string): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1200, height: 630 } })
  const logo = (await readFile(join(projectDir, "public", brand.logo.light))).toString("base64")
  await page.setContent(`<style>
    body { margin: 0; height: 630px; padding: 0 96px; display: flex; flex-direction: column; justify-content: center; background: #fafafa; color: #18181b; font-family: system-ui, sans-serif }
    img { height: 96px; align-self: start }
    h1 { font-size: 72px; letter-spacing: -0.02em; margin: 32px 0 16px }
    p { font-size: 32px; color: #52525b; margin: 0 }
  </style><img src="data:image/svg+xml;base64,${logo}"><h1></h1><p></p>`)
  await page.locator("h1").evaluate((element, text) => (element.textContent = text), brand.name)
  await page
    .locator("p")
    .evaluate((element, text) => (element.textContent = text), catalogues[defaultLocale].description)
  await page.screenshot({ path })
  await page.close()
}

/** The icon of the app on a white square, because iOS shows transparent pixels as black. */
async function homeScreenIcon(path: string): Promise<void> {
  const icon = await sharp(join(projectDir, "app", "icon.svg"), { density: 540 })
    .resize(132, 132)
    .toBuffer()
  const square = sharp({ create: { width: 180, height: 180, channels: 3, background: "white" } })
  await square
    .composite([{ input: icon }])
    .png()
    .toFile(path)
}
