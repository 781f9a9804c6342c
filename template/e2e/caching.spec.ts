import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, test } from "../../e2e/fixtures"
import { createUser, PAGE_LOAD, revokeSession, send, type SignedIn } from "../../e2e/http"
import { freePorts } from "../../e2e/ports"
import { startApp } from "../../e2e/servers"
import { setting } from "../../e2e/settings"
import { run } from "../../scripts/processes"
import { copyProject } from "./copy-project"

/** A build with the pages in `template/e2e/caching`, which cache a user's data as `docs/caching.md` shows. */
test(
  "no user gets cached data of another user, and each change shows at once",
  { tag: "@slow" },
  async ({ afterTest, openAs }) => {
    test.setTimeout(300_000)
    const folder = await copyProject()
    afterTest(() => rm(folder, { recursive: true, force: true }))
    await cp("template/e2e/caching/app", join(folder, "app/(app)"), { recursive: true })
    await run("npm", ["run", "build"], { cwd: folder, env: { ...process.env, ORY_SDK_URL: setting("ORY_URL") } })

    const [first, second] = [await createUser(), await createUser()]
    const users = [first, second, await createUser(), await createUser(), await createUser()]
    const database = await mkdtemp(join(tmpdir(), "ory-starter-invoices-"))
    afterTest(() => rm(database, { recursive: true, force: true }))
    await writeFile(
      join(database, "invoices"),
      users.map(({ identityId }) => `invoice of ${identityId} number 1\n`).join(""),
    )
    const reads = async ({ identityId }: SignedIn): Promise<number> =>
      (await readFile(join(database, "reads"), "utf8")).split(identityId).length - 1

    const [port] = await freePorts()
    const appUrl = `http://localhost:${port}`
    const env = { ORY_SDK_URL: setting("ORY_URL"), APP_URL: appUrl, INVOICES_FOLDER: database }
    afterTest(await startApp(port, env, undefined, folder))

    const get = (path: string, user: SignedIn): ReturnType<typeof send> =>
      send(appUrl, path, { headers: { ...(path === "/invoices" ? PAGE_LOAD : {}), cookie: user.cookie } })

    await test.step("60 parallel requests: each response has the data of its own user only", async () => {
      for (const user of users) expect((await get("/api/invoices", user)).status).toBe(200)
      await Promise.all(
        Array.from({ length: 60 }, async (_, index) => {
          const user = users[index % users.length] ?? first
          const { status, body } = await get(index % 2 === 0 ? "/invoices" : "/api/invoices", user)
          expect(status).toBe(200)
          const shown = new Set(Array.from(body.matchAll(/invoice of ([\w-]+)/g), ([, owner]) => owner))
          expect([...shown]).toEqual([user.identityId])
        }),
      )
      // The cache served all of them.
      for (const user of users) expect(await reads(user)).toBe(1)
    })

    await test.step("a user's change shows at once, and leaves the entries of others in the cache", async () => {
      const page = await openAs(first, appUrl)
      await page.goto("/invoices")
      await page.getByRole("button", { name: "Add an invoice" }).click()
      await expect(page.getByText(/number 1, .* number \d{5,}/)).toBeVisible()
      expect((await get("/api/invoices", second)).body).not.toContain(first.identityId)
      expect([await reads(first), await reads(second)]).toEqual([2, 1])
    })

    await test.step("a query that is not cached runs once for each page load", async () => {
      const before = await reads(second)
      for (const count of [1, 2, 3]) {
        const { status } = await send(appUrl, "/not-cached", { headers: { ...PAGE_LOAD, cookie: second.cookie } })
        expect([status, (await reads(second)) - before]).toEqual([200, count])
      }
    })

    await test.step("without a session, or after it was revoked, the cache is out of reach", async () => {
      await revokeSession(second.sessionId)
      const cookies = ["", "ory_kratos_session=made-up", second.cookie]
      for (const cookie of cookies)
        for (const [path, status] of [
          ["/invoices", 303],
          ["/api/invoices", 401],
        ] as const) {
          const response = await send(appUrl, path, { headers: { ...(status === 303 ? PAGE_LOAD : {}), cookie } })
          expect([path, response.status, response.body.includes("invoice of")]).toEqual([path, status, false])
        }
    })
  },
)

test("docs/caching.md shows the code that this test runs", async () => {
  const docs = await readFile("docs/caching.md", "utf8")
  for (const file of ["invoices.ts", "page.tsx", "actions.ts"]) {
    const code = await readFile(join("template/e2e/caching/app/invoices", file), "utf8")
    expect(docs).toContain(`\`\`\`${file.endsWith("x") ? "tsx" : "ts"}\n// app/(app)/invoices/${file}\n${code}\`\`\``)
  }
})
