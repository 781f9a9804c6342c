import { readFile } from "node:fs/promises"
import { expect, test } from "../../e2e/fixtures"
import { browserCookies, PAGE_LOAD, send, signedIn, type SignedIn } from "../../e2e/http"
import { startServers, type Servers } from "../../e2e/servers"

/** How often Ory is asked whose session it is. */

const whoamis = (servers: Servers): number =>
  servers.relay.seen.filter((line) => line.startsWith("GET /sessions/whoami")).length

async function cost(servers: Servers, act: () => Promise<unknown>): Promise<number> {
  servers.relay.seen.length = 0
  await act()
  return whoamis(servers)
}

for (const seconds of ["30", "0"])
  test.describe(`with SESSION_CACHE_SECONDS=${seconds}`, () => {
    let servers: Servers
    let person: SignedIn
    test.beforeAll(async () => {
      servers = await startServers({ app: { SESSION_CACHE_SECONDS: seconds } })
      person = await signedIn(servers.oryUrl, servers.ory.adminUrl)
    })
    test.afterAll(async () => {
      await servers.stop()
    })

    test("one request costs one question at most", async () => {
      const get = (path: string, headers = {}): Promise<unknown> =>
        send(servers.appUrl, path, { headers: { ...headers, cookie: person.cookie } })
      for (const path of [
        "/dashboard",
        "/account",
        "/account/devices",
        "/account/settings",
        "/api/me",
        "/api/account/data",
        "/no-such-page",
      ]) {
        expect(await cost(servers, () => get(path, PAGE_LOAD)), path).toBe(1)
        expect(await cost(servers, () => get(path, { rsc: "1", "sec-fetch-dest": "empty" })), `${path}, fetched`).toBe(
          1,
        )
      }
      expect(
        await cost(servers, () =>
          send(servers.appUrl, "/api/me", { method: "POST", headers: { cookie: person.cookie } }),
        ),
      ).toBe(1)
    })

    test("a request with 8 kB of Ory cookies costs no more calls to Ory than a short one", async () => {
      const madeUp = Array.from({ length: 80 }, (_, index) => `ory_session_made_up_${index}=${"x".repeat(80)}`).join(
        "; ",
      )
      expect(madeUp.length).toBeGreaterThan(8000)
      for (const cookie of [`${person.cookie}; ${madeUp}`, madeUp])
        for (const path of ["/dashboard", "/account", "/account/devices", "/api/me", "/api/account/data"]) {
          expect(
            await cost(servers, () => send(servers.appUrl, path, { headers: { ...PAGE_LOAD, cookie } })),
            path,
          ).toBe(1)
          expect(
            await cost(servers, () => send(servers.appUrl, path, { headers: { rsc: "1", cookie } })),
            `${path}, fetched`,
          ).toBe(1)
        }
      const cookie = `${person.cookie}; ${madeUp}`
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
          expect(await (await submit()).text()).toContain("Saved.")
        }),
        "an action",
      ).toBe(1)
    })

    test("nobody is asked about strangers, public pages and assets", async () => {
      const { cookie } = person
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

    test("a server action costs one question, and shows what it changed at once", async ({ browser }) => {
      const context = await browser.newContext({ baseURL: servers.appUrl })
      await context.addCookies(browserCookies(person, servers.appUrl))
      const page = await context.newPage()
      await page.goto("/dashboard")
      await page.getByRole("link", { name: "Account" }).click()
      await page.getByRole("textbox", { name: "First name" }).fill(`Grace ${seconds}`)
      const asked = await cost(servers, async () => {
        await page.getByRole("button", { name: "Save" }).click()
        await expect(page.getByText("Saved.")).toBeVisible()
      })
      // Next makes the page anew in the same request.
      expect(asked).toBe(1)
      await page.getByRole("link", { name: "Dashboard" }).click()
      await expect(page.getByRole("heading", { name: `Hello, Grace ${seconds}` })).toBeVisible()
      await context.close()
    })

    test("someone who clicks around costs one question in SESSION_CACHE_SECONDS, or one for each click", async ({
      browser,
    }) => {
      const context = await browser.newContext({ baseURL: servers.appUrl })
      await context.addCookies(browserCookies(person, servers.appUrl))
      const page = await context.newPage()
      const asked = await cost(servers, async () => {
        for (let views = 0; views < 5; views++) {
          const answer = await page.goto("/dashboard")
          const source = seconds === "0" || views === 0 ? "ory" : "snapshot"
          expect(answer?.headers()["server-timing"]).toMatch(new RegExp(`^session;desc=${source};dur=\\d`))
        }
      })
      expect(asked).toBe(seconds === "0" ? 5 : 1)
      await context.close()
    })
  })

test("without a secret there are no snapshots, and all else works", async () => {
  const servers = await startServers({ app: { SESSION_SECRET: "" } })
  try {
    const { cookie, email } = await signedIn(servers.oryUrl, servers.ory.adminUrl)
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

test("someone with more traits than a cookie holds gets no snapshot, and all else works", async () => {
  const schema = JSON.parse(await readFile("ory/identity.schema.json", "utf8")) as {
    properties: { traits: { properties: Record<string, unknown> } }
  }
  schema.properties.traits.properties.bio = { type: "string" }
  const url = `base64://${Buffer.from(JSON.stringify(schema)).toString("base64")}`
  const servers = await startServers({ kratos: { IDENTITY_SCHEMAS_0_ID: "default", IDENTITY_SCHEMAS_0_URL: url } })
  try {
    const { cookie, email, identityId } = await signedIn(servers.oryUrl, servers.ory.adminUrl)
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
