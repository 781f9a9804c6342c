import { access, constants } from "node:fs/promises"
import { delimiter, join } from "node:path"
import { chromium as playwrightChromium } from "playwright"
import { nodeModule, SetupError, run } from "./processes"

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
const macApps = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
]

/**
 * Launch options for a Chromium that is on this machine: Playwright's own download, else an installed one; where there is
 * neither, one is installed first.
 *
 * @throws SetupError that says how to install one.
 */
export async function chromium(): Promise<{ executablePath?: string }> {
  if (await works(playwrightChromium.executablePath())) return {}
  const installed = await installedBrowser()
  if (installed !== undefined) return { executablePath: installed }

  const log = (line: string): void => {
    console.log(`browser | ${line}`)
  }
  const root = process.getuid?.() === 0
  const attempts: [file: string, args: string[]][][] = []
  const cli = nodeModule("playwright/cli.js")
  attempts.push([
    [process.execPath, [cli, "install", ...(root && process.platform === "linux" ? ["--with-deps"] : []), "chromium"]],
  ])
  if (root && (await onPath("apt-get")))
    attempts.push([
      ["apt-get", ["update"]],
      ["apt-get", ["install", "-y", "chromium"]],
    ])

  const reasons: string[] = []
  for (const commands of attempts) {
    try {
      for (const [file, args] of commands) {
        log(`No Chromium here: ${file} ${args.join(" ")}`)
        await run(file, args, { log })
      }
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error))
      continue
    }
    if (await works(playwrightChromium.executablePath())) return {}
    const executablePath = await installedBrowser()
    if (executablePath !== undefined) return { executablePath }
  }
  throw new SetupError(
    [
      "There is no Chromium or Chrome for the browser tests, and none could be installed:",
      ...reasons.map((reason) => `  - ${reason.replaceAll("\n", "\n    ")}`),
      "Install one with `npx playwright install --with-deps chromium`, or from your system's packages so that `chromium` or",
      "`google-chrome` is on the PATH.",
    ].join("\n"),
  )
}

async function installedBrowser(): Promise<string | undefined> {
  for (const name of names) {
    const path = await onPath(name)
    if (path !== undefined && (await works(path))) return path
  }
  for (const path of macApps) if (await works(path)) return path
  return undefined
}

async function onPath(name: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, name)
    if (await isExecutable(path)) return path
  }
  return undefined
}

/** Some systems have a `chromium-browser` that only says how to get one, so it has to tell its version. */
async function works(path: string): Promise<boolean> {
  if (!(await isExecutable(path))) return false
  return run(path, ["--version"]).then(
    () => true,
    () => false,
  )
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  )
}
