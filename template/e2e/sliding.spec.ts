import type { Page } from "playwright/test"
import { changePassword, enrolLookupSecrets, expect, expectSignedIn, sessionOf, signIn, test } from "../../e2e/fixtures"
import { createUser, PAGE_LOAD, send, type Answer, type SignedIn } from "../../e2e/http"
import { freePorts } from "../../e2e/ports"
import { Relay, type Fault } from "../../e2e/relay"
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
async function startSliding(
  app: Record<string, string>,
  kratos: Record<string, string> = {},
  network = false,
): Promise<Sliding> {
  const [adminPort] = await freePorts()
  const settings = {
    ORY_ADMIN_URL: `http://localhost:${adminPort}`,
    ORY_PROJECT_API_TOKEN: TOKEN,
    SESSION_EXTEND_BELOW: "10s",
    ...app,
  }
  const servers = await startServers({
    network,
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

/** Waits until a session that has just begun has less than 10 seconds left. */
async function waitForWindow(page: Page): Promise<void> {
  await page.waitForTimeout(10_500)
}

/** The request that extends this user's session. */
const extension = ({ sessionId }: SignedIn): string => `PATCH /admin/sessions/${sessionId}/extend`

const whoamis = ({ servers }: Sliding): number =>
  servers.relay.seen.filter((line) => line.startsWith("GET /sessions/whoami")).length

for (const seconds of ["30", "0"])
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
          // The user was redirected to sign in.
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
      expect(admin.seen).toEqual([extension(user)])
      expect(admin.authorization).toBe(`Bearer ${TOKEN}`)
      expect(servers.relay.authorization).toBeUndefined()
      expect(await sessionOf(other)).toMatchObject({ id: user.sessionId })
    })
  })

test.describe("an extended session", () => {
  let sliding: Sliding
  test.beforeAll(async () => {
    sliding = await startSliding({}, { SELFSERVICE_FLOWS_SETTINGS_PRIVILEGED_SESSION_MAX_AGE: "3s" })
  })
  test.afterAll(async () => {
    await sliding.stop()
  })

  test("still needs a recent sign-in for a change in Ory's settings", async ({ openAs }) => {
    const { servers, admin } = sliding
    const user = await createUser(servers)
    const expectedErrors = new RegExp(`^403 ${servers.oryUrl}/self-service/settings\\?`)
    const page = await openAs(user, servers.appUrl, { expectedErrors })
    await page.goto("/dashboard")
    const before = await sessionOf(page)
    await waitForWindow(page)
    await page.goto("/account/settings")
    const after = await sessionOf(page)
    expect(admin.seen).toHaveLength(1)
    expect(Date.parse(after.expires_at)).toBeGreaterThan(Date.parse(before.expires_at))
    expect(after.authenticated_at).toBe(before.authenticated_at)
    await changePassword(page, `${user.password} and new`)
    await signIn(page, user)
    await expect(page.getByRole("status").filter({ hasText: "Your changes have been saved!" })).toBeVisible()
  })

  test("is the same in two instances of the app that extend it at once", async ({ page, afterTest }) => {
    const { servers, admin, app } = sliding
    const [port] = await freePorts()
    afterTest(await startApp(port, app))
    const user = await createUser(servers)
    admin.seen.length = 0
    await waitForWindow(page)
    const load = (origin: string, cookie = user.cookie): Promise<Answer> =>
      send(origin, "/dashboard", { headers: { ...PAGE_LOAD, cookie } })
    const instances = [servers.plainUrl, `http://localhost:${port}`]
    const answers = await Promise.all(instances.flatMap((origin) => Array.from({ length: 5 }, () => load(origin))))
    expect(answers.map(({ status, body }) => [status, body.includes(user.email)])).toEqual(
      answers.map(() => [200, true]),
    )
    // Each instance extends it once, unless the other one was faster.
    expect([[extension(user)], [extension(user), extension(user)]]).toContainEqual(admin.seen)
    const renewed = answers
      .flatMap(({ headers }) => headers["set-cookie"] ?? [])
      .filter((cookie) => cookie.startsWith("ory_kratos_session="))
      .map((cookie) => cookie.split(";", 1)[0])
    expect(renewed.length).toBeGreaterThanOrEqual(1)
    // Each new cookie is valid after the old expiry.
    await page.waitForTimeout(10_000)
    for (const cookie of renewed) expect((await load(servers.plainUrl, cookie)).status).toBe(200)
  })
})

test("in the same-origin topology, the new cookie is for the app's host", async ({ afterTest }) => {
  const { servers, admin, stop } = await startSliding(
    { ORY_PROXY: "on", SESSION_EXTEND_BELOW: "20s" },
    { SESSION_EARLIEST_POSSIBLE_EXTEND: "20s" },
    true,
  )
  afterTest(stop)
  const user = await createUser(servers)
  const { headers } = await send(servers.appUrl, "/dashboard", { headers: { ...PAGE_LOAD, cookie: user.cookie } })
  expect(admin.seen).toEqual([extension(user)])
  const cookie = headers["set-cookie"]?.find((value) => value.startsWith("ory_kratos_session="))
  expect(cookie).toContain("HttpOnly")
  expect(cookie).not.toMatch(/domain=/i)
})

interface Failure {
  name: string
  fault: Fault | "stopped"
  /** The reason that the app logs once. */
  log?: RegExp
}

const failures: Failure[] = [
  { name: "is stopped", fault: "stopped", log: /fetch failed/ },
  { name: "does not respond", fault: "hang", log: /timeout/ },
  { name: "responds with 401", fault: "401", log: /status 401/ },
  { name: "responds with 429", fault: "429", log: /status 429/ },
  { name: "responds with 404", fault: "404" },
]

test.describe("with every session in the window", () => {
  let sliding: Sliding
  test.beforeAll(async () => {
    sliding = await startSliding(
      { SESSION_EXTEND_BELOW: "10m", SESSION_CACHE_SECONDS: "0" },
      { SESSION_LIFESPAN: "10m", SESSION_EARLIEST_POSSIBLE_EXTEND: "10m" },
    )
  })
  test.afterAll(async () => {
    await sliding.stop()
  })

  test("a session is not extended while its second factor is required", async ({ openAs, openPage }) => {
    const { servers, admin } = sliding
    const user = await createUser(servers)
    const other = await openPage(servers.appUrl)
    await other.goto("/dashboard")
    await signIn(other, user)
    await other.waitForURL("**/dashboard")
    // The user enrols a second factor in this browser. The session in the other browser has none.
    await enrolLookupSecrets(await openAs(user, servers.appUrl))
    admin.seen.length = 0
    await other.goto("/dashboard")
    await other.waitForURL("**/auth/login**")
    expect(admin.seen).toEqual([])
  })

  for (const { name, fault, log } of failures)
    test(`when the admin API ${name}, users stay signed in, one page waits up to a second, and the log has no secret`, async ({
      afterTest,
    }) => {
      const { servers, admin } = sliding
      const lines: string[] = []
      const [port] = await freePorts()
      // A failed attempt pauses a whole process, so each test has its own.
      afterTest(await startApp(port, sliding.app, (_source, line) => lines.push(line)))
      const load = (user: SignedIn): Promise<Answer> =>
        send(`http://localhost:${port}`, "/dashboard", { headers: { ...PAGE_LOAD, cookie: user.cookie } })
      await load(await createUser(servers))
      const users = [await createUser(servers), await createUser(servers)]
      admin.seen.length = 0
      if (fault === "stopped") await admin.stop()
      else admin.fault = fault
      afterTest(async () => {
        admin.fault = "none"
        if (fault === "stopped") await admin.start()
      })

      const times: number[] = []
      for (let views = 0; views < 3; views++)
        for (const user of users) {
          const answer = await load(user)
          times.push(Number(/dur=([\d.]+)/.exec(String(answer.headers["server-timing"]))?.[1]))
          expect([answer.status, answer.body.includes(user.email)]).toEqual([200, true])
          expect(answer.headers["set-cookie"]).toBeUndefined()
          expect(JSON.stringify(answer)).not.toContain(TOKEN)
          expect(JSON.stringify(answer)).not.toContain(sliding.app.ORY_ADMIN_URL)
        }
      // One session check takes longer, by a second at most.
      expect(times.filter((time) => time > 900).length).toBeLessThanOrEqual(1)
      expect(Math.max(...times)).toBeLessThan(1500)
      const logged = lines.filter((line) => line.includes("admin API"))
      expect(logged).toEqual(log ? [expect.stringMatching(log)] : [])
      for (const secret of [TOKEN, ...users.map(({ cookie }) => cookie)]) expect(lines.join("\n")).not.toContain(secret)
      if (fault !== "stopped") expect(admin.seen).toHaveLength(fault === "404" ? 2 : 1)
    })
})
