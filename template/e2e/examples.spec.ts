import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { execa } from "execa"
import type { Page } from "playwright/test"
import { createUser, revokeSession } from "../../e2e/http"
import { freePorts } from "../../e2e/ports"
import { startServers, type Servers } from "../../e2e/servers"
import { run, start, waitForUrl, type Running } from "../../scripts/processes"
import { newKey, publicKeys, tokenizerTemplates } from "../../scripts/session-token-keys"
import { expect, signOut, signUp, test } from "../../e2e/fixtures"
import { setting } from "../../e2e/settings"

const expressDir = resolve("examples/express")
const goDir = resolve("examples/go")

/** The web app and the Ory that an example works with. */
interface Beside {
  webUrl: string
  oryUrl: string
}

async function startExample(
  name: string,
  port: number,
  cwd: string,
  file: string,
  args: readonly string[],
  { webUrl, oryUrl }: Beside,
): Promise<Running> {
  const env = {
    ...process.env,
    PORT: String(port),
    APP_URL: `http://localhost:${port}`,
    ORY_SDK_URL: oryUrl,
    WEB_URL: webUrl,
  }
  const example = await start(file, args, { cwd, env })
  await waitForUrl(`The ${name} example`, `http://localhost:${port}/healthz`, example)
  return example
}

const examples = [
  {
    name: "Express",
    dir: expressDir,
    start: async (port: number, _folder: string, beside: Beside): Promise<Running> => {
      if (!existsSync(join(expressDir, "node_modules"))) await run("npm", ["ci"], { cwd: expressDir })
      return startExample("Express", port, expressDir, process.execPath, ["--import", "tsx", "server.ts"], beside)
    },
  },
  {
    name: "Go",
    dir: goDir,
    start: async (port: number, folder: string, beside: Beside): Promise<Running> => {
      const binary = join(folder, "example")
      await run("go", ["build", "-o", binary, "."], { cwd: goDir })
      return startExample("Go", port, goDir, binary, [], beside)
    },
  },
].filter(({ dir }) => existsSync(dir))

/** Skips the test where Go is missing, except in CI. */
async function requireGo(): Promise<void> {
  if (!(await execa("go", ["version"], { reject: false })).failed) return
  if (process.env.CI)
    throw new Error("Go is missing. Install it from https://go.dev/dl, or unset CI to skip the Go example.")
  test.skip(true, "Go is missing, so the Go example is not tested here.")
}

for (const example of examples) {
  test.describe(`the ${example.name} example`, () => {
    let url: string
    let folder: string
    let running: Running | undefined

    test.beforeAll(async () => {
      // The first run on a machine installs or compiles.
      test.setTimeout(300_000)
      if (example.name === "Go") await requireGo()
      const [port] = await freePorts()
      url = `http://localhost:${port}`
      folder = await mkdtemp(join(tmpdir(), "ory-example-"))
      running = await example.start(port, folder, { webUrl: setting("APP_URL"), oryUrl: setting("ORY_URL") })
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

for (const example of examples)
  test.describe(`a page of the app and the ${example.name} example`, () => {
    // One key signs all tokens. They expire after five seconds, so that the test can wait for it.
    const LIFETIME = 5000
    /** How much the clocks may differ, as the examples have it. */
    const TOLERANCE = 10_000
    const keys = [newKey()]
    let servers: Servers
    let api: string
    let folder: string
    let running: Running | undefined

    test.beforeAll(async () => {
      // The first run on a machine installs or compiles.
      test.setTimeout(300_000)
      if (example.name === "Go") await requireGo()
      const [port] = await freePorts()
      api = `http://localhost:${port}`
      servers = await startServers({
        app: { API_ORIGINS: api, SESSION_TOKEN_JWKS: publicKeys(keys) },
        kratos: { SESSION_WHOAMI_TOKENIZER_TEMPLATES: tokenizerTemplates(keys).replace('"5m"', `"${LIFETIME}ms"`) },
      })
      folder = await mkdtemp(join(tmpdir(), "ory-example-"))
      running = await example.start(port, folder, { webUrl: servers.appUrl, oryUrl: servers.oryUrl })
    })

    test.afterAll(async () => {
      await running?.stop()
      // Unset where Go is missing.
      await (servers as Servers | undefined)?.stop()
      if (folder) await rm(folder, { recursive: true, force: true })
    })

    const whoamis = (): number => servers.relay.seen.filter((line) => line.startsWith("GET /sessions/whoami")).length

    /** Gets a token in the page, as client code does. */
    const tokenOf = (page: Page): Promise<string> =>
      page.evaluate(async () => {
        const response = await fetch("/api/token", { method: "POST" })
        return ((await response.json()) as { token: string }).token
      })

    /** Calls the example from the page. */
    const callFrom = (page: Page, token?: string): Promise<{ status: number; body: Record<string, unknown> }> =>
      page.evaluate(
        async ({ url, token }) => {
          const withToken = token !== undefined && { headers: { authorization: `Bearer ${token}` } }
          const response = await fetch(url, withToken || { credentials: "include" })
          return { status: response.status, body: (await response.json()) as Record<string, unknown> }
        },
        { url: `${api}/api/me`, token },
      )

    test("get to know the user by a token without a call to Ory, and by the cookie", async ({ openAs }) => {
      const user = await createUser(servers)
      const page = await openAs(user, servers.appUrl)
      await page.goto("/dashboard")
      const expected = { id: user.identityId, email: user.email, email_verified: true, aal: "aal1" }
      const token = await tokenOf(page)
      const before = whoamis()
      expect(await callFrom(page, token)).toEqual({ status: 200, body: { by: "token", ...expected } })
      expect(whoamis()).toBe(before)
      expect(await callFrom(page)).toEqual({ status: 200, body: { by: "cookie", ...expected } })
      expect(whoamis()).toBe(before + 1)
    })

    test("refuse a revoked session at once by the cookie, and by a token after its lifetime", async ({ openAs }) => {
      const user = await createUser(servers)
      const page = await openAs(user, servers.appUrl, { expectedErrors: /^401 / })
      await page.goto("/dashboard")
      const token = await tokenOf(page)
      await revokeSession(user.sessionId, servers.ory.adminUrl)
      expect(await callFrom(page)).toMatchObject({ status: 401, body: { error: { code: "unauthenticated" } } })
      expect((await callFrom(page, token)).status).toBe(200)
      await page.waitForTimeout(LIFETIME + TOLERANCE + 1000)
      expect(await callFrom(page, token)).toMatchObject({ status: 401, body: { error: { code: "token_expired" } } })
    })
  })
