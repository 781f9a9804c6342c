import type { Page } from "playwright/test"
import { expect, expectSignedIn, sessionOf, test } from "../../e2e/fixtures"
import { createUser, type SignedIn } from "../../e2e/http"
import { freePorts } from "../../e2e/ports"
import { Relay } from "../../e2e/relay"
import { startApp, startServers, type Servers } from "../../e2e/servers"
import { texts } from "../../e2e/texts"

/** Sliding sessions, with a relay between the app and Ory's admin API. Sessions expire after 20 seconds. */

interface Sliding {
  servers: Servers
  admin: Relay
  /** Environment of further instances of the app. */
  app: Record<string, string>
  stop: () => Promise<void>
}

const TOKEN = "ory_pat_that_nobody_may_see"

/** Starts an app whose sessions last 20 seconds, and are extended in the last 10. */
async function startSliding(app: Record<string, string>, kratos: Record<string, string> = {}): Promise<Sliding> {
  const [adminPort] = await freePorts()
  const settings = {
    ORY_ADMIN_URL: `http://localhost:${adminPort}`,
    ORY_PROJECT_API_TOKEN: TOKEN,
    SESSION_EXTEND_BELOW: "10s",
    ...app,
  }
  const servers = await startServers({
    app: settings,
    kratos: { SESSION_LIFESPAN: "20s", SESSION_EARLIEST_POSSIBLE_EXTEND: "10s", ...kratos },
  })
  const admin = new Relay(adminPort, Number(new URL(servers.ory.adminUrl).port))
  await admin.start()
  return {
    servers,
    admin,
    app: { ORY_SDK_URL: servers.oryUrl, APP_URL: servers.appUrl, ...settings },
    stop: async () => {
      await servers.stop()
      await admin.stop()
    },
  }
}

/** Waits until this session has less than 10 seconds left. */
async function waitForWindow(page: Page): Promise<void> {
  await page.waitForTimeout(10_500)
}

const whoamis = ({ servers }: Sliding): number =>
  servers.relay.seen.filter((line) => line.startsWith("GET /sessions/whoami")).length

for (const seconds of ["5", "0"])
  test.describe(`with SESSION_CACHE_SECONDS=${seconds}`, () => {
    let sliding: Sliding
    test.beforeAll(async () => {
      sliding = await startSliding({ SESSION_CACHE_SECONDS: seconds })
    })
    test.afterAll(async () => {
      await sliding.stop()
    })

    test(
      "after 60 seconds, an active user is still signed in, and an idle one and an over-age one are not",
      { tag: "@slow" },
      async ({ openAs, afterTest }) => {
        test.setTimeout(120_000)
        const { servers } = sliding
        const [port] = await freePorts()
        afterTest(await startApp(port, { ...sliding.app, SESSION_CACHE_SECONDS: seconds, SESSION_MAX_AGE: "25s" }))
        const open = async (appUrl: string): Promise<{ page: Page; user: SignedIn }> => {
          const user = await createUser(servers)
          const page = await openAs(user, appUrl)
          await page.goto("/dashboard")
          await expectSignedIn(page, user)
          return { page, user }
        }
        const idle = await open(servers.appUrl)
        const [active, clicking, old] = [
          await open(servers.appUrl),
          await open(servers.appUrl),
          await open(`http://localhost:${port}`),
        ]
        const before = await sessionOf(active.page)
        const start = Date.now()
        let oldSignedInFor = 0
        while (Date.now() - start < 60_000) {
          await active.page.waitForTimeout(4000)
          await active.page.goto("/dashboard")
          await expectSignedIn(active.page, active.user)
          // This user only clicks, so that Next's router fetches the pages.
          await clicking.page.getByRole("link", { name: texts.nav.account }).click()
          await clicking.page.waitForURL("**/account")
          await clicking.page.getByRole("link", { name: texts.nav.dashboard }).click()
          await clicking.page.waitForURL("**/dashboard")
          await expectSignedIn(clicking.page, clicking.user)
          if (oldSignedInFor < Date.now() - start - 10_000) continue
          await old.page.goto("/dashboard")
          if (old.page.url().includes("/dashboard")) oldSignedInFor = Date.now() - start
        }
        const after = await sessionOf(active.page)
        expect(after.authenticated_at).toBe(before.authenticated_at)
        expect(Date.parse(after.expires_at)).toBeGreaterThan(Date.parse(before.expires_at) + 40_000)
        // It was extended between the 10th and the 25th second.
        expect(oldSignedInFor).toBeGreaterThan(24_000)
        expect(oldSignedInFor).toBeLessThan(46_000)
        await idle.page.reload()
        await idle.page.waitForURL("**/auth/login**")
      },
    )

    test("a session costs two calls more when it is extended, and none otherwise", async ({ page, openAs }) => {
      const { servers, admin } = sliding
      const user = await createUser(servers)
      const other = await openAs(user, servers.appUrl)
      const loadPages = async (): Promise<[whoamis: number, extensions: number]> => {
        servers.relay.seen.length = admin.seen.length = 0
        for (let views = 0; views < 3; views++) await other.goto("/dashboard")
        return [whoamis(sliding), admin.seen.length]
      }
      const usual = seconds === "0" ? 3 : 1
      expect(await loadPages()).toEqual([usual, 0])
      await waitForWindow(page)
      expect(await loadPages()).toEqual([usual + 1, 1])
      expect(admin.seen).toEqual([`PATCH /admin/sessions/${user.sessionId}/extend`])
      expect(admin.authorization).toBe(`Bearer ${TOKEN}`)
      expect(servers.relay.authorization).toBeUndefined()
      expect(await sessionOf(other)).toMatchObject({ id: user.sessionId })
    })
  })
