import { readFile } from "node:fs/promises"
import { setTimeout } from "node:timers/promises"
import { expect, test, follow } from "../../e2e/fixtures"
import { createUser, PAGE_LOAD, send, type SignedIn } from "../../e2e/http"
import { startServers, type Servers } from "../../e2e/servers"
import { texts } from "../../e2e/texts"

/** The number of whoami requests to Ory. */

const whoamis = (servers: Servers): number =>
  servers.relay.seen.filter((line) => line.startsWith("GET /sessions/whoami")).length

/** The number of whoami requests that these actions cause. */
async function cost(servers: Servers, act: () => Promise<unknown>): Promise<number> {
  servers.relay.seen.length = 0
  await act()
  return whoamis(servers)
}

/** A page load of the devices page costs a second request, because it shows more than the gate passes on. */
const expected = (path: string): number => (path === "/account/devices" ? 2 : 1)

for (const seconds of ["30", "0"])
  test.describe(`with SESSION_CACHE_SECONDS=${seconds}`, () => {
    let servers: Servers
    let user: SignedIn
    test.beforeAll(async () => {
      servers = await startServers({ app: { SESSION_CACHE_SECONDS: seconds } })
      user = await createUser(servers)
    })
    test.afterAll(async () => {
      await servers.stop()
    })

    test("one request causes one whoami request, and the devices page two", async () => {
      const get = (path: string, headers = {}): Promise<unknown> =>
        send(servers.appUrl, path, { headers: { ...headers, cookie: user.cookie } })
      for (const path of [
        "/dashboard",
        "/account",
        "/account/devices",
        "/account/settings",
        "/api/me",
        "/api/account/data",
        "/no-such-page",
      ]) {
        expect(await cost(servers, () => get(path, PAGE_LOAD)), path).toBe(expected(path))
        expect(await cost(servers, () => get(path, { rsc: "1", "sec-fetch-dest": "empty" })), `${path}, fetched`).toBe(
          1,
        )
      }
      expect(
        await cost(servers, () =>
          send(servers.appUrl, "/api/me", { method: "POST", headers: { cookie: user.cookie } }),
        ),
      ).toBe(1)
    })

    test("a request with 8 kB of Ory cookies causes no more whoami requests than a short one", async () => {
      const madeUp = Array.from({ length: 80 }, (_, index) => `ory_session_made_up_${index}=${"x".repeat(80)}`).join(
        "; ",
      )
      expect(madeUp.length).toBeGreaterThan(8000)
      const invalid = (path: string): string => `ory_session_made_up=${path}; ${madeUp}`
      for (const path of ["/dashboard", "/account", "/account/devices", "/api/me", "/api/account/data"])
        for (const cookie of [`${user.cookie}; ${madeUp}`, invalid(path)]) {
          const isInvalid = cookie === invalid(path)
          expect(
            await cost(servers, () => send(servers.appUrl, path, { headers: { ...PAGE_LOAD, cookie } })),
            path,
          ).toBe(isInvalid ? 1 : expected(path))
          expect(
            await cost(servers, () => send(servers.appUrl, path, { headers: { rsc: "1", cookie } })),
            `${path}, fetched`,
            // Ory has just refused the invalid cookies, which is sufficient for an API.
          ).toBe(isInvalid && path.startsWith("/api/") ? 0 : 1)
        }
      const cookie = `${user.cookie}; ${madeUp}`
      const { body } = await send(servers.appUrl, "/account", { headers: { ...PAGE_LOAD, cookie } })
      const form = new FormData()
      for (const [, name = "", value = ""] of body.matchAll(
        /<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?/g,
      ))
        form.set(name, value.replaceAll("&quot;", '"'))
      form.set("first", "Grace")
      const submit = (): Promise<Response> =>
        fetch(`${servers.appUrl}/account`, { method: "POST", headers: { cookie, origin: servers.appUrl }, body: form })
      expect(
        await cost(servers, async () => {
          // Without JavaScript, Next 16.4 does not show the action's result: https://github.com/vercel/next.js/pull/97784
          expect(await (await submit()).text()).toContain('"saved":true')
        }),
        "an action",
      ).toBe(1)
    })

    test("requests without a session cookie, public pages and assets cause no whoami request", async () => {
      const { cookie } = user
      for (const path of ["/dashboard", "/account", "/api/me", "/no-such-page"])
        expect(
          await cost(servers, () => send(servers.appUrl, path, { headers: { ...PAGE_LOAD, cookie: "theme=dark" } })),
          path,
        ).toBe(0)
      const [asset = ""] = /\/_next\/static\/[^"]+\.js/.exec((await send(servers.appUrl, "/")).body) ?? []
      expect(asset).not.toBe("")
      for (const path of ["/", "/icon.svg", asset, "/unavailable", "/api/health", "/api/refresh-session"])
        expect(await cost(servers, () => send(servers.appUrl, path, { headers: { ...PAGE_LOAD, cookie } })), path).toBe(
          0,
        )
    })

    test("a server action causes one whoami request, and the refresh that shows the change causes another", async ({
      openAs,
    }) => {
      const page = await openAs(user, servers.appUrl)
      await page.goto("/dashboard")
      await follow(page, texts.nav.account)
      await page.getByRole("textbox", { name: texts.account.firstName }).fill(`Grace ${seconds}`)
      const requests = await cost(servers, async () => {
        await page.getByRole("button", { name: texts.account.save }).click()
        await expect(page.getByText(texts.account.saved)).toBeVisible()
        await expect(page.locator("#user-menu").getByText(`Grace ${seconds}`)).toBeAttached()
      })
      expect(requests).toBe(2)
      await follow(page, texts.nav.dashboard)
      await expect(page.getByRole("heading", { name: texts.dashboard.greeting(`Grace ${seconds}`) })).toBeVisible()
    })

    test(`five page loads cause ${seconds === "0" ? "five whoami requests" : "one whoami request"}`, async ({
      openAs,
    }) => {
      const page = await openAs(user, servers.appUrl)
      const requests = await cost(servers, async () => {
        for (let views = 0; views < 5; views++) {
          const answer = await page.goto("/dashboard")
          const source = seconds === "0" || views === 0 ? "ory" : "snapshot"
          expect(answer?.headers()["server-timing"]).toMatch(new RegExp(`^session;desc=${source};dur=\\d`))
        }
      })
      expect(requests).toBe(seconds === "0" ? 5 : 1)
    })
  })

test("twenty parallel requests with one cookie cause one whoami request", async () => {
  const servers = await startServers()
  try {
    const { cookie } = await createUser(servers)
    servers.relay.delay = 300
    const madeUp = (suffix: string): string => cookie.replace(/(ory_kratos_session=.{20}).{5}/, `$1${suffix}`)
    const api = { accept: "*/*", "sec-fetch-dest": "empty" }
    for (const [cookies, path, headers, status] of [
      [cookie, "/dashboard", PAGE_LOAD, 200],
      [cookie, "/account", PAGE_LOAD, 200],
      [cookie, "/api/me", api, 200],
      [madeUp("AAAAA"), "/api/me", api, 401],
      [madeUp("BBBBB"), "/dashboard", PAGE_LOAD, 303],
      [cookie, "/api/user?fresh", api, 200],
      [madeUp("CCCCC"), "/api/user", api, 200],
    ] as const) {
      const all = Array.from({ length: 20 }, () =>
        send(servers.appUrl, path, { headers: { ...headers, cookie: cookies } }),
      )
      const name = `${path} ${status}`
      const requests = await cost(servers, async () => {
        expect([name, ...(await Promise.all(all)).map((answer) => answer.status)]).toEqual([
          name,
          ...Array<number>(20).fill(status),
        ])
      })
      expect([name, requests]).toEqual([name, 1])
    }

    // Ory's refusal is remembered for API requests, for at most five seconds.
    const again = (path: string, suffix: string) => (): Promise<unknown> =>
      send(servers.appUrl, path, { headers: { ...api, cookie: madeUp(suffix) } })
    expect(await cost(servers, again("/api/me", "AAAAA"))).toBe(0)
    expect(await cost(servers, again("/api/user?fresh", "CCCCC"))).toBe(0)
    await setTimeout(5000)
    expect(await cost(servers, again("/api/me", "AAAAA"))).toBe(1)
  } finally {
    await servers.stop()
  }
})

test("a client that disconnects does not cancel the whoami request for the others", async () => {
  const servers = await startServers()
  try {
    const { cookie } = await createUser(servers)
    servers.relay.delay = 500
    const request = { headers: { ...PAGE_LOAD, cookie } }
    const requests = await cost(servers, async () => {
      const leaves = fetch(`${servers.appUrl}/api/me`, { ...request, signal: AbortSignal.timeout(250) })
      await setTimeout(100)
      const stays = send(servers.appUrl, "/api/me", request)
      await expect(leaves).rejects.toThrow("timeout")
      expect((await stays).status).toBe(200)
    })
    expect(requests).toBe(1)
  } finally {
    await servers.stop()
  }
})

test("a snapshot ends when its user opens a page below /auth", async ({ openAs }) => {
  const servers = await startServers()
  try {
    const page = await openAs(await createUser(servers), servers.appUrl)
    const source = async (): Promise<string | undefined> =>
      (await page.goto("/dashboard"))?.headers()["server-timing"]?.split(";")[1]
    expect([await source(), await source()]).toEqual(["desc=ory", "desc=snapshot"])
    await page.goto("/auth/verification")
    expect([await source(), await source()]).toEqual(["desc=ory", "desc=snapshot"])
  } finally {
    await servers.stop()
  }
})

test("without SESSION_SECRET, there is no snapshot and pages work", async () => {
  const servers = await startServers({ app: { SESSION_SECRET: "" } })
  try {
    const { cookie, email } = await createUser(servers)
    for (let views = 0; views < 2; views++) {
      const answer = await send(servers.appUrl, "/dashboard", { headers: { ...PAGE_LOAD, cookie } })
      expect(answer.status).toBe(200)
      expect(answer.body.includes(email)).toBe(true)
      expect(answer.headers["set-cookie"]).toBeUndefined()
    }
    expect((await send(servers.appUrl, "/dashboard", { headers: PAGE_LOAD })).status).toBe(303)
  } finally {
    await servers.stop()
  }
})

test("a user whose traits are too long for a cookie gets no snapshot, and pages work", async () => {
  const schema = JSON.parse(await readFile("ory/identity.schema.json", "utf8")) as {
    properties: { traits: { properties: Record<string, unknown> } }
  }
  schema.properties.traits.properties.bio = { type: "string" }
  const url = `base64://${Buffer.from(JSON.stringify(schema)).toString("base64")}`
  const servers = await startServers({ kratos: { IDENTITY_SCHEMAS_0_ID: "default", IDENTITY_SCHEMAS_0_URL: url } })
  try {
    const { cookie, email, identityId } = await createUser(servers)
    const changed = await fetch(`${servers.ory.adminUrl}/admin/identities/${identityId}`, {
      method: "PATCH",
      headers: { "content-type": "application/json" },
      body: JSON.stringify([{ op: "add", path: "/traits/bio", value: "é".repeat(5000) }]),
    })
    expect(changed.status).toBe(200)
    const answer = await send(servers.appUrl, "/dashboard", { headers: { ...PAGE_LOAD, cookie } })
    expect(answer.status).toBe(200)
    expect(answer.body.includes(email)).toBe(true)
    expect(answer.headers["set-cookie"]).toBeUndefined()
  } finally {
    await servers.stop()
  }
})
