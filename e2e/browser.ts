import { execa } from "execa"
import { chromium } from "playwright"
import which from "which"
import { messageOf, nodeModule, run, SetupError } from "../scripts/processes"

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
const MAC_APPS = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
]

/** The path of an installed Chromium: Playwright's download, or one on the PATH. Undefined when Chromium is not installed. */
async function installedChromium(): Promise<string | undefined> {
  const onPath = NAMES.map((name) => which.sync(name, { nothrow: true })).filter((path) => path !== null)
  for (const path of [chromium.executablePath(), ...onPath, ...MAC_APPS]) {
    // Some systems have a `chromium-browser` that only says how to install one, so the browser must print its version.
    const { failed } = await execa(path, ["--version"], { reject: false })
    if (!failed) return path
  }
  return undefined
}

/**
 * Playwright's launch options for an installed Chromium.
 *
 * @throws SetupError that says how to install one.
 */
export async function chromiumOptions(): Promise<{ executablePath?: string }> {
  const path = await installedChromium()
  // Without a path, Playwright runs its smaller headless browser.
  if (path !== undefined) return path === chromium.executablePath() ? {} : { executablePath: path }
  throw new SetupError(
    "The browser tests need Chromium or Chrome, and none is installed. Install one with `npx playwright install --with-deps " +
      "chromium`, or put `chromium` or `google-chrome` on the PATH.",
  )
}

/**
 * Installs Chromium where none is installed: Playwright's own, or for root on Debian the package `chromium`.
 *
 * @throws SetupError that says why each attempt failed.
 */
export async function installChromium(): Promise<void> {
  if ((await installedChromium()) !== undefined) return
  const root = process.getuid?.() === 0
  const withDeps = root && process.platform === "linux" ? ["--with-deps"] : []
  const attempts = [[[process.execPath, nodeModule("playwright/cli.js"), "install", ...withDeps, "chromium"]]]
  if (root && which.sync("apt-get", { nothrow: true }) !== null)
    attempts.push([
      ["apt-get", "update"],
      ["apt-get", "install", "-y", "chromium"],
    ])

  const reasons: string[] = []
  for (const commands of attempts) {
    try {
      for (const [file = "", ...args] of commands) {
        console.log(`Chromium is not installed. Running ${file} ${args.join(" ")}`)
        await run(file, args, { log: console.log })
      }
      await chromiumOptions()
      return
    } catch (error) {
      reasons.push(messageOf(error))
    }
  }
  throw new SetupError(["Chromium could not be installed for the browser tests:", ...reasons].join("\n"))
}
