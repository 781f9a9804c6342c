import { randomUUID } from "node:crypto"
import { requiredTraits } from "../../ory/required-traits"
import { expect, test } from "../../e2e/fixtures"
import { send } from "../../e2e/http"
import { setting } from "../../e2e/settings"

/** What other web pages can do to the inbox and to Ory's admin API of a developer, as SECURITY.md lists it. */

const inbox = (): string => setting("INBOX_URL")

test("the inbox refuses other hosts and origins, also for live updates", async () => {
  const { host, port } = new URL(inbox())
  const upgrade = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  }
  const refused: Record<string, string>[] = [
    ...[`127.0.0.1:${port}`, "localhost", `evil.example:${port}`, `localhost.evil.example:${port}`].map((host) => ({
      host,
    })),
    ...[
      "https://evil.example",
      "http://localhost:3000",
      setting("APP_URL"),
      "null",
      `https://localhost:${port}`,
      "",
    ].map((origin) => ({ host, origin })),
  ]
  for (const headers of refused)
    for (const [path, more] of [
      ["/", {}],
      ["/email", {}],
      ["/socket.io/?EIO=4&transport=polling", {}],
      ["/socket.io/?EIO=4&transport=websocket", upgrade],
    ] as const) {
      const answer = await send(inbox(), path, { headers: { ...headers, ...more } })
      expect(answer.status, `${path} ${JSON.stringify(headers)}`).toBe(403)
      expect(answer.body).toContain(`The inbox only accepts requests at ${inbox()}, from its own page.`)
      expect(answer.headers["access-control-allow-origin"]).toBeUndefined()
    }
  for (const headers of [{ host }, { host, origin: inbox() }]) {
    expect((await send(inbox(), "/email", { headers })).status).toBe(200)
    expect((await send(inbox(), "/socket.io/?EIO=4&transport=polling", { headers })).status).toBe(200)
  }
  const deleted = await send(inbox(), "/email/all", {
    method: "DELETE",
    headers: { host, origin: "https://evil.example" },
  })
  expect(deleted.status).toBe(403)
})

test("the inbox shows a new email at once, and no page at another origin can read it", async ({
  browser,
  openPage,
}) => {
  const page = await openPage(inbox())
  const sockets: string[] = []
  page.on("websocket", (socket) => sockets.push(socket.url()))
  await page.goto(inbox())
  await expect.poll(() => sockets.join()).toContain("/socket.io/")

  const email = `${randomUUID()}@example.com`
  const started = await fetch(`${setting("ORY_URL")}/self-service/registration/api`)
  const { id } = (await started.json()) as { id: string }
  await fetch(`${setting("ORY_URL")}/self-service/registration?flow=${id}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      method: "password",
      traits: { ...requiredTraits, email },
      password: `${randomUUID()} is long`,
    }),
  })
  await expect(page.getByText(email).first()).toBeVisible({ timeout: 15_000 })

  // The browser logs the CORS error that this test expects.
  const evil = await browser.newPage()
  await evil.route("http://evil.example/", (route) =>
    route.fulfill({ contentType: "text/html", body: "<h1>Evil</h1>" }),
  )
  await evil.goto("http://evil.example/")
  const read = (url: string): Promise<string> =>
    evil.evaluate(
      (url) =>
        fetch(url).then(
          (answer) => answer.text(),
          (error: unknown) => String(error),
        ),
      url,
    )
  expect(await read(`${inbox()}/email`)).toContain("Failed to fetch")
  await evil.close()
})

test("a page at another origin can create accounts by Ory's local admin API, but cannot read, change or delete any without DNS rebinding", async () => {
  const admin = setting("ORY_ADMIN_URL")
  const email = `${randomUUID()}@example.com`
  const account = JSON.stringify({ schema_id: "default", traits: { ...requiredTraits, email } })
  // A browser sends this content type without a preflight request.
  const simple = { origin: "https://evil.example", "content-type": "text/plain" }
  const created = await send(admin, "/admin/identities", { method: "POST", headers: simple, body: account })
  expect([created.status, created.headers["access-control-allow-origin"]]).toEqual([201, undefined])

  const { id } = JSON.parse(created.body) as { id: string }
  const recovery = await send(admin, "/admin/recovery/code", {
    method: "POST",
    headers: simple,
    body: JSON.stringify({ identity_id: id }),
  })
  expect(recovery.status).toBe(400)
  for (const method of ["GET", "PUT", "PATCH", "DELETE"]) {
    const headers = { origin: "https://evil.example", "access-control-request-method": method }
    const preflight = await send(admin, `/admin/identities/${id}`, { method: "OPTIONS", headers })
    expect(preflight.headers["access-control-allow-origin"], method).toBeUndefined()
  }
  // With DNS rebinding, the browser takes such a page for one at the same origin.
  expect((await send(admin, `/admin/identities/${id}`, { headers: { host: "evil.example" } })).status).toBe(200)
})
