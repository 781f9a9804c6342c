import { existsSync } from "node:fs"
import { cp, readFile, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { freePorts } from "../../e2e/ports"
import { run, start, waitForUrl } from "../../scripts/processes"
import { expect, test } from "../../e2e/fixtures"
import { createUser, PAGE_LOAD, send } from "../../e2e/http"
import { expectProbesVisible, PROBES, PROBE_PAGE, writeProbes } from "./probes"
import { startApp } from "../../e2e/servers"
import { setting } from "../../e2e/settings"
import { copyProject } from "./copy-project"

/** Files in `public/` need no session, and no other path loses its protection. Tried with `next start` and the standalone server. */

test.describe.configure({ mode: "serial" })

let folder: string
test.beforeAll(async () => {
  test.setTimeout(240_000)
  folder = await copyProject()
  await writeProbes(folder)
})
test.afterAll(() => rm(folder, { recursive: true, force: true }))

const SECRET = "only for tests and long enough to be valid"

async function build(env: Record<string, string> = {}): Promise<void> {
  await run("npm", ["run", "build"], { cwd: folder, env: { ...process.env, ORY_SDK_URL: setting("ORY_URL"), ...env } })
}

/** Requests the public files, and other spellings of their paths. */
async function checkFiles(appUrl: string): Promise<void> {
  const { cookie } = await createUser()
  for (const [file, content] of Object.entries(PROBES))
    for (const headers of [
      PAGE_LOAD,
      { "sec-fetch-dest": "image" },
      { cookie },
      { rsc: "1", "next-router-prefetch": "1" },
    ]) {
      const answer = await send(appUrl, encodeURI(file), { headers })
      expect([file, answer.status, answer.body]).toEqual([file, 200, content.toString("latin1")])
      expect(answer.headers["x-content-type-options"]).toBe("nosniff")
      expect(answer.headers["content-security-policy"]).toContain("frame-ancestors 'none'")
      expect([answer.headers["set-cookie"], answer.headers["server-timing"]]).toEqual([undefined, undefined])
    }

  // Next normalises these to the path of the file before the gate runs.
  const buildId = (await readFile(join(folder, ".next/BUILD_ID"), "utf8")).trim()
  for (const path of [
    "/probe.png.rsc",
    "/probe.png.rsc?_rsc=1",
    `/_next/data/${buildId}/probe.png.json`,
    "/probe%2epng",
    "/probe.png?nxtPmissing=dashboard",
    "/x/../probe.png",
  ]) {
    const { status, body } = await send(appUrl, path, { headers: PAGE_LOAD })
    expect([path, status, body === PROBES["/probe.png"].toString("latin1")]).toEqual([path, 200, true])
  }
  // Next redirects these to the path without the extra slash.
  for (const path of ["/probe.png/", "//probe.png", "/\\probe.png"]) {
    const { status, headers } = await send(appUrl, path, { headers: PAGE_LOAD })
    expect([path, status, headers.location]).toEqual([path, 308, "/probe.png"])
  }
  const others = [
    "/.hidden",
    "/probe%20dir",
    "/PROBE.png",
    "/probe.png%00",
    "/probe.png;x",
    "/probe.png/x",
    "/probe%252epng",
    "/public/probe.png",
    "/none.png",
  ]
  const escapes = [
    "/x/../dashboard",
    "/probe.png/../dashboard",
    "/probe.png%2f..%2fdashboard",
    "/probe%20dir/..%2f..%2fdashboard",
    "/probe.png.segments/_tree.segment.rsc",
  ]
  for (const path of [...others, ...escapes]) {
    const { status, headers } = await send(appUrl, path, { headers: PAGE_LOAD })
    expect([path, status, headers.location?.startsWith(`${setting("ORY_URL")}/self-service/login/browser`)]).toEqual([
      path,
      303,
      true,
    ])
  }
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"])
    expect(
      (
        await send(appUrl, "/probe.png", {
          method,
          headers: { "next-action": "7f0000000000000000000000000000000000000000" },
        })
      ).status,
    ).toBe(405)

  // The gate does not cover the image optimizer.
  const optimized = (path: string): Promise<{ status: number }> =>
    send(appUrl, `/_next/image?url=${encodeURIComponent(path)}&w=64&q=75`)
  for (const path of ["/probe.png", "/probe dir/größe (1).png"])
    expect([path, (await optimized(path)).status]).toEqual([path, 200])
  for (const path of ["/dashboard", "/api/me", "/none.png", "/.hidden", "/probe.png?x", "/probeXpng"])
    expect([path, (await optimized(path)).status]).toEqual([path, 400])
}

test(
  "next start serves exactly the files in public/ to signed-out visitors",
  { tag: "@slow" },
  async ({ afterTest, openPage }) => {
    test.setTimeout(240_000)
    await build()
    const [port] = await freePorts()
    const appUrl = `http://localhost:${port}`
    afterTest(await startApp(port, { ORY_SDK_URL: setting("ORY_URL"), APP_URL: appUrl }, undefined, folder))
    await checkFiles(appUrl)
    const page = await openPage(appUrl)
    await page.goto(PROBE_PAGE)
    await expectProbesVisible(page)
  },
)

test(
  "the standalone server with the files that the Dockerfile copies serves exactly the files in public/",
  { tag: "@slow" },
  async ({ afterTest }) => {
    test.skip(!existsSync("Dockerfile"), "The Dockerfile was deleted.")
    test.setTimeout(240_000)
    await build({ BUILD_STANDALONE: "1", ORY_SDK_URL: "http://not-known-yet.invalid" })
    const server = join(folder, ".next/standalone")
    const copies = [...(await readFile("Dockerfile", "utf8")).matchAll(/^COPY --from=build \/app\/(\S+) (\S+)$/gm)]
    for (const [, from = "", to = ""] of copies)
      if (from !== ".next/standalone") await cp(join(folder, from), join(server, to), { recursive: true })
    const [port] = await freePorts()
    const appUrl = `http://localhost:${port}`
    const settings = { ORY_SDK_URL: setting("ORY_URL"), APP_URL: appUrl, SESSION_SECRET: SECRET }
    const app = await start(process.execPath, ["server.js"], {
      cwd: server,
      env: { ...process.env, NODE_ENV: "production", PORT: String(port), HOSTNAME: "localhost", ...settings },
    })
    afterTest(() => app.stop())
    await waitForUrl("The app", `${appUrl}/`, app)
    await checkFiles(appUrl)
  },
)

test("the build fails when a file in public/ has the path of a page", async () => {
  await writeFile(join(folder, "public/dashboard"), "")
  try {
    await expect(build()).rejects.toThrow(
      "public/dashboard has the path of the page app/(app)/dashboard/page.tsx. Rename one of the two.",
    )
  } finally {
    await rm(join(folder, "public/dashboard"))
  }
})

test("an image request without a session gets 401 and no redirect", async () => {
  for (const [path, headers] of [
    ["/private.png", {}],
    ["/dashboard", {}],
    ["/private.png", { cookie: "ory_kratos_session=forged" }],
  ] as const) {
    const answer = await send(setting("APP_URL"), path, { headers: { "sec-fetch-dest": "image", ...headers } })
    expect([answer.status, answer.headers.location, answer.body]).toEqual([401, undefined, ""])
  }
})
