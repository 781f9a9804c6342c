import type { OutgoingHttpHeaders } from "node:http"
import { expect, signIn, test, watch } from "./fixtures"
import { PAGE_LOAD, send, signedIn, type Answer, type SignedIn } from "./http"
import { startServers, type Servers } from "./servers"

test.describe.configure({ mode: "default" })

/** Everything here is behind a relay that ends TLS, as production is; raw requests reach the app itself, as lies do. */
let servers: Servers
let person: SignedIn
test.beforeAll(async () => {
  // Sessions may be extended at any time.
  servers = await startServers({ tls: true, kratos: { SESSION_EARLIEST_POSSIBLE_EXTEND: "8760h" } })
})
test.afterAll(async () => {
  await servers.stop()
})
test.beforeEach(async () => {
  person = await signedIn(servers.kratosUrl, servers.ory.adminUrl)
})

const get = (path: string, headers: OutgoingHttpHeaders): Promise<Answer> =>
  send(servers.plainUrl, path, { headers: { ...PAGE_LOAD, ...headers } })

const post = (path: string, headers: OutgoingHttpHeaders, body = ""): Promise<Answer> =>
  send(servers.plainUrl, path, { method: "POST", headers, body })

async function endSession(id: string): Promise<void> {
  expect((await fetch(`${servers.ory.adminUrl}/admin/sessions/${id}`, { method: "DELETE" })).status).toBe(204)
}

test("behind TLS a person signs in, changes something and signs out", async ({ browser }) => {
  const context = await browser.newContext({ baseURL: servers.appUrl, ignoreHTTPSErrors: true })
  const page = await context.newPage()
  const errors = watch(page)
  await page.goto("/account")
  await signIn(page, person)
  await page.waitForURL(`${servers.appUrl}/account`)
  await page.getByRole("textbox", { name: "First name" }).fill("Grace")
  await page.getByRole("button", { name: "Save" }).click()
  await expect(page.getByText("Saved.")).toBeVisible()
  await page.getByRole("link", { name: "Dashboard" }).click()
  await expect(page.getByRole("heading", { name: "Hello, Grace" })).toBeVisible()
  const cookies = await context.cookies()
  expect(cookies.find(({ name }) => name === "__Host-session_snapshot")).toMatchObject({
    secure: true,
    httpOnly: true,
    sameSite: "Lax",
    path: "/",
  })

  // Twice, as impatient people do.
  await page.getByRole("button", { name: "Sign out" }).dblclick()
  await page.waitForURL(`${servers.appUrl}/`)
  expect((await context.cookies()).map(({ name }) => name)).not.toContain("ory_kratos_session")
  expect((await context.cookies()).map(({ name }) => name)).not.toContain("__Host-session_snapshot")
  await page.goto("/dashboard")
  await page.waitForURL("**/auth/login**")
  expect(errors).toEqual([])
  await context.close()
})

const lies: [name: string, headers: OutgoingHttpHeaders][] = [
  ["Host", { host: "evil.example" }],
  ["X-Forwarded-Host", { "x-forwarded-host": "evil.example", "x-forwarded-port": "1234" }],
  ["X-Forwarded-Proto", { "x-forwarded-proto": "http" }],
  ["X-Forwarded-Proto, malformed", { "x-forwarded-proto": "javascript" }],
  ["Forwarded", { forwarded: "host=evil.example;proto=http;for=1.2.3.4" }],
  [
    "all of them",
    {
      host: "evil.example",
      "x-forwarded-host": "evil.example",
      "x-forwarded-proto": "http",
      origin: "http://evil.example",
    },
  ],
]
for (const [name, lie] of lies)
  test(`a lie in ${name} changes no URL and no cookie`, async () => {
    const app = servers.appUrl
    const answers = await Promise.all([
      get("/dashboard?tab=1", lie),
      get("/dashboard?tab=1", { ...lie, "sec-fetch-dest": "empty", rsc: "1" }),
      get("/api/refresh-session?return_to=/dashboard%3Ftab%3D1", lie),
      get("/auth/login?return_to=/dashboard%3Ftab%3D1", lie),
      get("/dashboard?tab=1", { ...lie, cookie: person.cookie }),
    ])
    for (const answer of answers) {
      expect(JSON.stringify(answer.headers)).not.toContain("evil.example")
      expect(answer.headers["strict-transport-security"]).toBe("max-age=63072000")
      expect(answer.headers["x-content-type-options"]).toBe("nosniff")
      expect(answer.headers["referrer-policy"]).toBe("strict-origin-when-cross-origin")
      if (answer.status === 200) expect(answer.body.includes("evil.example")).toBe(false)
    }
    const [page, fetched, refresh, login, known] = answers
    const back = `${app}/dashboard?tab=1`
    for (const answer of [page, refresh])
      expect(new URL(answer.headers.location ?? "").searchParams.get("return_to")).toBe(back)
    expect(new URL(fetched.headers.location ?? "", app).origin).toBe(app)
    expect(login.status === 307 ? login.headers.location : login.body).toContain(encodeURIComponent(back))
    expect(known.status).toBe(200)
    expect(known.headers["set-cookie"]?.[0]).toMatch(
      /^__Host-session_snapshot=.+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax; Secure$/,
    )
  })

test("signing out from elsewhere does nothing", async () => {
  const { host } = new URL(servers.appUrl)
  const origins = [
    undefined,
    "null",
    "https://evil.example",
    `https://sub.${host}`,
    `http://${host}`,
    `https://${host}.evil.example`,
    servers.oryUrl,
  ]
  for (const origin of origins) {
    const answer = await post("/auth/sign-out", {
      cookie: person.cookie,
      host,
      ...(origin === undefined ? {} : { origin }),
    })
    expect(answer.status, origin).toBe(403)
    expect(answer.headers["set-cookie"], origin).toBeUndefined()
  }
  // Nor is there a way by GET.
  expect((await get("/auth/sign-out", { cookie: person.cookie })).status).toBe(405)
  expect((await get("/api/me", { cookie: person.cookie })).status).toBe(200)

  const own = await post("/auth/sign-out", { cookie: person.cookie, host, origin: servers.appUrl })
  expect(own.status).toBe(303)
  expect(own.headers["cache-control"]).toBe("private, no-store")
})

test("a server action that another site sends changes nothing", async () => {
  const { host } = new URL(servers.appUrl)
  const page = await get("/account", { cookie: person.cookie, host })
  const fields = [...page.body.matchAll(/<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?/g)]
  expect(fields.map(([, name]) => name)).toContain("$ACTION_KEY")
  const body = [
    ...fields.map(([, name = "", value = ""]): [string, string] => [name, value.replaceAll("&quot;", '"')]),
    ["first", "Mallory"],
    ["last", ""],
  ]
    .map(([name = "", value = ""]) => `--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
    .join("")
  const form = { cookie: person.cookie, "content-type": "multipart/form-data; boundary=x" }
  const firstName = async (): Promise<unknown> => {
    const identity = await fetch(`${servers.ory.adminUrl}/admin/identities/${person.identityId}`)
    return ((await identity.json()) as { traits: { name?: { first?: string } } }).traits.name?.first
  }

  // The second is what Next itself would let pass: it compares with the Host header.
  for (const headers of [
    { host, origin: "https://evil.example" },
    { host: "evil.example", origin: "https://evil.example" },
    { host, origin: "null" },
  ]) {
    const answer = await post("/account", { ...form, ...headers }, `${body}--x--\r\n`)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(await firstName()).toBeUndefined()
  }
  // Our own page's form arrives, also through a proxy that puts a Host of its own.
  const own = await post("/account", { ...form, host: "127.0.0.1:3000", origin: servers.appUrl }, `${body}--x--\r\n`)
  expect(own.status).toBe(200)
  expect(await firstName()).toBe("Mallory")
})

test("a cookie that Ory renews with its answer reaches the browser", async () => {
  const before = await get("/account", { cookie: person.cookie })
  expect(before.headers["set-cookie"]?.join()).not.toContain("ory_kratos_session=")
  const extended = await fetch(`${servers.ory.adminUrl}/admin/sessions/${person.sessionId}/extend`, { method: "PATCH" })
  expect(extended.ok).toBe(true)
  const after = await get("/account", { cookie: person.cookie })
  expect(after.status).toBe(200)
  expect(after.headers["set-cookie"]?.join()).toContain("ory_kratos_session=")
  expect(after.headers["cache-control"]).toBe("private, no-store")
})

test("whatever cookies come along, there is a decision", async () => {
  const { cookie } = person
  const forged = "ory_kratos_session=forged"
  const junk = Array.from({ length: 80 }, (_, index) => `tracker${index}=${"x".repeat(90)}`).join("; ")
  const cases: [name: string, cookie: string | string[], status: number][] = [
    ["the right one", cookie, 200],
    ["the right one behind a forged one of its name", `${forged}; ${cookie}`, 200],
    ["the right one before a forged one of its name", `${cookie}; ${forged}`, 200],
    ["the right one with 8 kB of others", `${junk}; ${cookie}; ${junk.slice(0, 100)}`, 200],
    ["the right one among junk", `;;; =; a; =b; "; ${cookie}; ory_kratos_session; ory_session_=; ory_session_x="`, 200],
    ["the right one in a header of its own", ["a=b", cookie], 200],
    ["a forged one", forged, 303],
    ["an empty one", "ory_kratos_session=", 303],
    ["one with odd bytes", Buffer.from("ory_kratos_session=\xff\xfe\x80ü").toString("latin1"), 303],
    ["a quoted one", 'ory_kratos_session="forged"', 303],
    ["one with percent signs", "ory_kratos_session=%00%0d%0aSet-Cookie:a=b", 303],
    ["one of Ory Network's, forged", "ory_session_demo=forged", 303],
    ["a name that only begins so", `x${cookie.replaceAll("ory_kratos_session", "ory_kratos_session_x")}`, 303],
    ["a broken snapshot", `${cookie}; __Host-session_snapshot=e30.e30.e30.e30.e30`, 200],
    ["a snapshot of 4 kB", `${cookie}; __Host-session_snapshot=${"a".repeat(4096)}`, 200],
    ["a snapshot and nothing else", `__Host-session_snapshot=${"a".repeat(100)}`, 303],
  ]
  for (const [name, value, status] of cases) {
    servers.relay.seen.length = 0
    const answer = await get("/dashboard", { cookie: value })
    expect(answer.status, name).toBe(status)
    if (status === 200) expect(answer.body.includes(person.email), name).toBe(true)
    expect(servers.relay.seen.length, name).toBeLessThanOrEqual(1)
  }
})

test("Ory gets only its own cookies", async () => {
  await get("/dashboard", { cookie: `tracker=1; ${person.cookie}; __Host-session_snapshot=x; csrf_token_abc=1` })
  expect(servers.relay.cookie).toBe(
    person.cookie
      .split("; ")
      .filter((pair) => pair.startsWith("ory_"))
      .join("; "),
  )
})

for (const snapshot of [false, true])
  test(`while a session ends, each of 50 requests ${snapshot ? "with a snapshot " : ""}gets an answer that was right at some moment`, async () => {
    const cookie = snapshot ? await withSnapshot(person) : person.cookie
    let ending = Infinity
    let ended = Infinity
    const ask = async (index: number): Promise<void> => {
      await new Promise((resume) => setTimeout(resume, index * 4))
      if (index === 25) {
        ending = performance.now()
        await endSession(person.sessionId)
        ended = performance.now()
        return
      }
      const begun = performance.now()
      const { status } = await get(index % 2 === 0 ? "/account" : "/api/me", { cookie })
      const done = performance.now()
      const [inside, outside] = index % 2 === 0 ? [200, 303] : [200, 401]
      // A snapshot may still serve what is not sensitive.
      const late = snapshot && index % 2 === 1 ? [inside] : [outside]
      expect(begun > ended ? late : done < ending ? [inside] : [inside, outside], `request ${index}`).toContain(status)
    }
    await Promise.all(Array.from({ length: 51 }, (_, index) => ask(index)))
    expect((await get("/account", { cookie })).status).toBe(303)
  })

test("what a snapshot lets through after the session has ended: reading, for seconds; never a change, never what is sensitive", async () => {
  const cookie = await withSnapshot(person)
  await endSession(person.sessionId)
  expect((await get("/dashboard", { cookie })).status).toBe(200)
  expect((await get("/account", { cookie })).status).toBe(303)
  for (const method of ["POST", "PUT", "PATCH", "DELETE"])
    expect((await send(servers.plainUrl, "/api/me", { method, headers: { cookie } })).status, method).toBe(401)
  // In the browser where it ends, nothing is read any more: its Ory cookie is another, or gone.
  expect((await get("/dashboard", { cookie: cookie.replace(person.cookie, "") })).status).toBe(303)
})

async function withSnapshot({ cookie }: SignedIn): Promise<string> {
  const answer = await get("/dashboard", { cookie })
  expect(answer.headers["server-timing"]).toMatch(/^session;desc=ory;dur=/)
  const snapshot = answer.headers["set-cookie"]?.[0]?.split(";", 1)[0]
  if (snapshot === undefined) throw new Error("no snapshot")
  const both = `${cookie}; ${snapshot}`
  expect((await get("/dashboard", { cookie: both })).headers["server-timing"]).toMatch(/^session;desc=snapshot;dur=/)
  return both
}
