import type { OutgoingHttpHeaders } from "node:http"
import { expect, signIn, test, follow, openUserMenu } from "./fixtures"
import { createUser, extendSession, PAGE_LOAD, revokeSession, send, type Answer, type SignedIn } from "./http"
import { startServers, type Servers } from "./servers"
import { texts } from "./texts"

test.describe.configure({ mode: "default" })

/** A relay terminates TLS in front of the app, as in production. Requests of `get` and `post` skip it, as spoofed headers would. */
let servers: Servers
let user: SignedIn
test.beforeAll(async () => {
  // Tests may extend a session at any time.
  servers = await startServers({ tls: true, kratos: { SESSION_EARLIEST_POSSIBLE_EXTEND: "8760h" } })
})
test.afterAll(async () => {
  await servers.stop()
})
test.beforeEach(async () => {
  user = await createUser(servers)
})

const get = (path: string, headers: OutgoingHttpHeaders): Promise<Answer> =>
  send(servers.plainUrl, path, { headers: { ...PAGE_LOAD, ...headers } })

const post = (path: string, headers: OutgoingHttpHeaders, body = ""): Promise<Answer> =>
  send(servers.plainUrl, path, { method: "POST", headers, body })

test("behind TLS a user signs in, changes the name and signs out", async ({ openPage }) => {
  const page = await openPage(servers.appUrl)
  const cookies = (): ReturnType<ReturnType<typeof page.context>["cookies"]> => page.context().cookies()
  await page.goto("/account")
  await signIn(page, user)
  await page.waitForURL(`${servers.appUrl}/account`)
  await page.getByRole("textbox", { name: texts.account.firstName }).fill("Grace")
  await page.getByRole("button", { name: texts.account.save }).click()
  await expect(page.getByText(texts.account.saved)).toBeVisible()
  await follow(page, texts.nav.dashboard)
  await expect(page.getByRole("heading", { name: texts.dashboard.greeting("Grace") })).toBeVisible()
  expect((await cookies()).find(({ name }) => name === "__Host-session_snapshot")).toMatchObject({
    secure: true,
    httpOnly: true,
    sameSite: "Lax",
    path: "/",
  })

  // A double click must not break it.
  await openUserMenu(page)
  await page.getByRole("button", { name: texts.nav.signOut }).dblclick()
  await page.waitForURL(`${servers.appUrl}/`)
  const names = (await cookies()).map(({ name }) => name)
  expect(names).not.toContain("ory_kratos_session")
  expect(names).not.toContain("__Host-session_snapshot")
  await page.goto("/dashboard")
  await page.waitForURL("**/auth/login**")
})

const spoofed: [name: string, headers: OutgoingHttpHeaders][] = [
  ["Host", { host: "evil.example" }],
  ["X-Forwarded-Host", { "x-forwarded-host": "evil.example", "x-forwarded-port": "1234" }],
  ["X-Forwarded-Proto", { "x-forwarded-proto": "http" }],
  ["X-Forwarded-Proto, malformed", { "x-forwarded-proto": "javascript" }],
  ["Forwarded", { forwarded: "host=evil.example;proto=http;for=1.2.3.4" }],
  [
    "all of these",
    {
      host: "evil.example",
      "x-forwarded-host": "evil.example",
      "x-forwarded-proto": "http",
      origin: "http://evil.example",
    },
  ],
]
for (const [name, spoof] of spoofed)
  test(`a spoofed header changes no URL and no cookie: ${name}`, async () => {
    const app = servers.appUrl
    const answers = await Promise.all([
      get("/dashboard?tab=1", spoof),
      get("/dashboard?tab=1", { ...spoof, "sec-fetch-dest": "empty", rsc: "1" }),
      get("/api/refresh-session?return_to=/dashboard%3Ftab%3D1", spoof),
      // The gate creates the flow itself for a browser only.
      send(servers.plainUrl, "/auth/login?return_to=/dashboard%3Ftab%3D1", {
        headers: { accept: "text/html", ...spoof },
      }),
      get("/auth/login?return_to=/dashboard%3Ftab%3D1", spoof),
      get("/dashboard?tab=1", { ...spoof, cookie: user.cookie }),
    ])
    for (const answer of answers) {
      expect(JSON.stringify(answer.headers)).not.toContain("evil.example")
      expect(answer.headers["strict-transport-security"]).toBe("max-age=63072000")
      expect(answer.headers["x-content-type-options"]).toBe("nosniff")
      expect(answer.headers["referrer-policy"]).toBe("strict-origin-when-cross-origin")
      if (answer.status === 200) expect(answer.body.includes("evil.example")).toBe(false)
    }
    const [page, fetched, refresh, login, loginPage, known] = answers
    const back = `${app}/dashboard?tab=1`
    for (const answer of [page, refresh])
      expect(new URL(answer.headers.location ?? "").searchParams.get("return_to")).toBe(back)
    expect(new URL(fetched.headers.location ?? "", app).origin).toBe(app)
    expect(new URL(login.headers.location ?? "").searchParams.get("return_to")).toBe(back)
    expect(loginPage.status).toBe(200)
    expect(known.status).toBe(200)
    expect(known.headers["set-cookie"]?.[0]).toMatch(
      /^__Host-session_snapshot=.+; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Lax; Secure$/,
    )
  })

test("refuses a sign-out that another origin sends", async () => {
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
      cookie: user.cookie,
      host,
      ...(origin === undefined ? {} : { origin }),
    })
    expect(answer.status, origin).toBe(403)
    expect(answer.headers["set-cookie"], origin).toBeUndefined()
  }
  // A GET cannot sign out either.
  expect((await get("/auth/sign-out", { cookie: user.cookie })).status).toBe(405)
  expect((await get("/api/me", { cookie: user.cookie })).status).toBe(200)

  const own = await post("/auth/sign-out", { cookie: user.cookie, host, origin: servers.appUrl })
  expect(own.status).toBe(303)
  expect(own.headers["cache-control"]).toBe("private, no-store")
})

test("refuses a server action that another origin sends", async () => {
  const { host } = new URL(servers.appUrl)
  const page = await get("/account", { cookie: user.cookie, host })
  const fields = [...page.body.matchAll(/<input type="hidden" name="([^"]+)"(?: value="([^"]*)")?/g)]
  expect(fields.map(([, name]) => name)).toContain("$ACTION_KEY")
  const body = [
    ...fields.map(([, name = "", value = ""]): [string, string] => [name, value.replaceAll("&quot;", '"')]),
    ["first", "Mallory"],
    ["last", ""],
  ]
    .map(([name = "", value = ""]) => `--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
    .join("")
  const form = { cookie: user.cookie, "content-type": "multipart/form-data; boundary=x" }
  const firstName = async (): Promise<unknown> => {
    const identity = await fetch(`${servers.ory.adminUrl}/admin/identities/${user.identityId}`)
    return ((await identity.json()) as { traits: { name?: { first?: string } } }).traits.name?.first
  }

  // Next itself would allow the second one, because it compares `Origin` with the Host header.
  for (const headers of [
    { host, origin: "https://evil.example" },
    { host: "evil.example", origin: "https://evil.example" },
    { host, origin: "null" },
  ]) {
    const answer = await post("/account", { ...form, ...headers }, `${body}--x--\r\n`)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(await firstName()).toBeUndefined()
  }
  // A form of this app works, also behind a proxy that changes the Host header.
  const own = await post("/account", { ...form, host: "127.0.0.1:3000", origin: servers.appUrl }, `${body}--x--\r\n`)
  expect(own.status).toBe(200)
  expect(await firstName()).toBe("Mallory")
})

test("passes on the session cookie when Ory renews it", async () => {
  const before = await get("/account", { cookie: user.cookie })
  expect(before.headers["set-cookie"]?.join()).not.toContain("ory_kratos_session=")
  await extendSession(user.sessionId, servers.ory.adminUrl)
  const after = await get("/account", { cookie: user.cookie })
  expect(after.status).toBe(200)
  expect(after.headers["set-cookie"]?.join()).toContain("ory_kratos_session=")
  expect(after.headers["cache-control"]).toBe("private, no-store")
})

test("accepts a valid session cookie among any other cookies, and nothing else", async () => {
  const { cookie } = user
  const forged = "ory_kratos_session=forged"
  const junk = Array.from({ length: 80 }, (_, index) => `tracker${index}=${"x".repeat(90)}`).join("; ")
  const cases: [name: string, cookie: string | string[], status: number][] = [
    ["a valid cookie", cookie, 200],
    ["a valid cookie after a forged one of the same name", `${forged}; ${cookie}`, 200],
    ["a valid cookie before a forged one of the same name", `${cookie}; ${forged}`, 200],
    ["a valid cookie with 8 kB of others", `${junk}; ${cookie}; ${junk.slice(0, 100)}`, 200],
    [
      "a valid cookie among malformed ones",
      `;;; =; a; =b; "; ${cookie}; ory_kratos_session; ory_session_=; ory_session_x="`,
      200,
    ],
    ["a valid cookie in a second Cookie header", ["a=b", cookie], 200],
    ["a forged cookie", forged, 303],
    ["an empty cookie", "ory_kratos_session=", 303],
    ["a cookie with invalid bytes", Buffer.from("ory_kratos_session=\xff\xfe\x80ü").toString("latin1"), 303],
    ["a quoted cookie", 'ory_kratos_session="forged"', 303],
    ["a cookie with percent-encoded control characters", "ory_kratos_session=%00%0d%0aSet-Cookie:a=b", 303],
    ["a forged cookie of Ory Network", "ory_session_demo=forged", 303],
    [
      "a cookie whose name only contains the right one",
      `x${cookie.replaceAll("ory_kratos_session", "ory_kratos_session_x")}`,
      303,
    ],
    ["a broken snapshot", `${cookie}; __Host-session_snapshot=e30.e30.e30.e30.e30`, 200],
    ["a snapshot of 4 kB", `${cookie}; __Host-session_snapshot=${"a".repeat(4096)}`, 200],
    ["a snapshot without a session cookie", `__Host-session_snapshot=${"a".repeat(100)}`, 303],
  ]
  for (const [name, value, status] of cases) {
    servers.relay.seen.length = 0
    const answer = await get("/dashboard", { cookie: value })
    expect(answer.status, name).toBe(status)
    if (status === 200) expect(answer.body.includes(user.email), name).toBe(true)
    expect(servers.relay.seen.length, name).toBeLessThanOrEqual(1)
  }
})

test("sends Ory only its own cookies", async () => {
  await get("/dashboard", { cookie: `tracker=1; ${user.cookie}; __Host-session_snapshot=x; csrf_token_abc=1` })
  expect(servers.relay.cookie).toBe(
    user.cookie
      .split("; ")
      .filter((pair) => pair.startsWith("ory_"))
      .join("; "),
  )
})

for (const snapshot of [false, true])
  test(`while a session is revoked, each of 50 concurrent requests ${snapshot ? "with a snapshot " : ""}gets a response for before or after`, async () => {
    const cookie = snapshot ? await withSnapshot(user) : user.cookie
    let revoking = Infinity
    let revoked = false
    /** Requests from before the end of the revocation without a response. A later read may share their call to Ory. */
    let earlier = 0
    const sendOne = async (index: number): Promise<void> => {
      await new Promise((resume) => setTimeout(resume, index * 4))
      if (index === 25) {
        revoking = performance.now()
        await revokeSession(user.sessionId, servers.ory.adminUrl)
        revoked = true
        return
      }
      const isEarlier = !revoked
      if (isEarlier) earlier++
      const mayShare = earlier > 0
      const { status } = await get(index % 2 === 0 ? "/account" : "/api/me", { cookie })
      if (isEarlier) earlier--
      const done = performance.now()
      const [allowed, refused] = index % 2 === 0 ? [200, 303] : [200, 401]
      // A snapshot still serves requests that are not sensitive.
      const after = snapshot && index % 2 === 1 ? [allowed] : [refused]
      expect(mayShare ? (done < revoking ? [allowed] : [allowed, refused]) : after, `request ${index}`).toContain(
        status,
      )
    }
    await Promise.all(Array.from({ length: 51 }, (_, index) => sendOne(index)))
    expect((await get("/account", { cookie })).status).toBe(303)
  })

test("after the session was revoked, a snapshot still allows reading pages that are not sensitive, and nothing else", async () => {
  const cookie = await withSnapshot(user)
  await revokeSession(user.sessionId, servers.ory.adminUrl)
  expect((await get("/dashboard", { cookie })).status).toBe(200)
  expect((await get("/account", { cookie })).status).toBe(303)
  for (const method of ["POST", "PUT", "PATCH", "DELETE"])
    expect((await send(servers.plainUrl, "/api/me", { method, headers: { cookie } })).status, method).toBe(401)
  // The browser that signed out has no Ory cookie any more, so its snapshot is useless.
  expect((await get("/dashboard", { cookie: cookie.replace(user.cookie, "") })).status).toBe(303)
})

/** The cookies of this user, with a snapshot of the session. */
async function withSnapshot({ cookie }: SignedIn): Promise<string> {
  const answer = await get("/dashboard", { cookie })
  expect(answer.headers["server-timing"]).toMatch(/^session;desc=ory;dur=/)
  const snapshot = answer.headers["set-cookie"]?.[0]?.split(";", 1)[0]
  if (snapshot === undefined)
    throw new Error(`The response to ${cookie.length} bytes of cookies sets no snapshot: ${answer.status}`)
  const both = `${cookie}; ${snapshot}`
  expect((await get("/dashboard", { cookie: both })).headers["server-timing"]).toMatch(/^session;desc=snapshot;dur=/)
  return both
}
