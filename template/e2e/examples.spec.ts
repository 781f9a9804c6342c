import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { execa } from "execa"
import { freePorts } from "../../e2e/ports"
import { run, start, waitForUrl, type Running } from "../../scripts/processes"
import { expect, signOut, signUp, test } from "../../e2e/fixtures"
import { setting } from "../../e2e/settings"

const expressDir = resolve("examples/express")
const goDir = resolve("examples/go")

/** Starts an example that uses the same Ory as the app. */
async function startExample(
  name: string,
  port: number,
  cwd: string,
  file: string,
  args: readonly string[],
): Promise<Running> {
  const env = {
    ...process.env,
    PORT: String(port),
    APP_URL: `http://localhost:${port}`,
    ORY_SDK_URL: setting("ORY_URL"),
  }
  const example = await start(file, args, { cwd, env })
  await waitForUrl(`The ${name} example`, `http://localhost:${port}/healthz`, example)
  return example
}

const examples = [
  {
    name: "Express",
    dir: expressDir,
    start: async (port: number): Promise<Running> => {
      if (!existsSync(join(expressDir, "node_modules"))) await run("npm", ["ci"], { cwd: expressDir })
      return startExample("Express", port, expressDir, process.execPath, ["--import", "tsx", "server.ts"])
    },
  },
  {
    name: "Go",
    dir: goDir,
    start: async (port: number, folder: string): Promise<Running> => {
      const binary = join(folder, "example")
      await run("go", ["build", "-o", binary, "."], { cwd: goDir })
      return startExample("Go", port, goDir, binary, [])
    },
  },
]

for (const example of examples.filter(({ dir }) => existsSync(dir))) {
  test.describe(`the ${example.name} example`, () => {
    let url: string
    let folder: string
    let running: Running | undefined

    test.beforeAll(async () => {
      // The first run on a machine installs or compiles.
      test.setTimeout(300_000)
      if (example.name === "Go" && (await execa("go", ["version"], { reject: false })).failed) {
        if (process.env.CI)
          throw new Error("Go is missing. Install it from https://go.dev/dl, or unset CI to skip the Go example.")
        test.skip(true, "Go is missing, so the Go example is not tested here.")
      }
      const [port] = await freePorts()
      url = `http://localhost:${port}`
      folder = await mkdtemp(join(tmpdir(), "ory-example-"))
      running = await example.start(port, folder)
    })

    test.afterAll(async () => {
      await running?.stop()
      if (folder) await rm(folder, { recursive: true, force: true })
    })

    test("shows the user who signed in to the app, and redirects to sign-in once the user has signed out", async ({
      page,
      newAccount,
    }) => {
      await signUp(page, newAccount)
      await page.goto(`${url}/dashboard`)
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("Dashboard")
      await expect(page.getByText(newAccount.email)).toBeVisible()

      await page.goto("/dashboard")
      await signOut(page)
      // Don't follow this redirect, because Ory allows only the examples' default ports in `return_to`.
      const answer = await page.request.get(`${url}/dashboard`, { maxRedirects: 0, headers: { accept: "text/html" } })
      expect(answer.status()).toBe(303)
      const location = new URL(answer.headers().location ?? "")
      expect(location.origin + location.pathname).toBe(`${setting("ORY_URL")}/self-service/login/browser`)
      expect(location.searchParams.get("return_to")).toBe(`${url}/dashboard`)
    })
  })
}
