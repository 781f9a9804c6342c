import { stripVTControlCharacters } from "node:util"
import { start } from "../../scripts/processes"
import { expect, test } from "../../e2e/fixtures"
import type { Servers } from "../../e2e/servers"
import { sessionSecret } from "../../e2e/settings"

/** `npm run test:live` against a production server behind a relay that ends TLS. */

async function users({ ory }: Servers): Promise<number> {
  return ((await (await fetch(`${ory.adminUrl}/admin/identities`)).json()) as object[]).length
}

function environment({ oryUrl, inboxUrl, ory, nodeEnv }: Servers): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...nodeEnv,
    ORY_SDK_URL: oryUrl,
    ORY_ADMIN_URL: ory.adminUrl,
    SESSION_SECRET: sessionSecret,
    INBOX_PORT: new URL(inboxUrl).port,
    ORY_ADMIN_PORT: new URL(ory.adminUrl).port,
  }
}

test(
  "passes against a deployment, lists what it skips, and leaves no user",
  { tag: "@slow" },
  async ({ ownServers }) => {
    test.setTimeout(600_000)
    const servers = await ownServers({ tls: true })
    const output: string[] = []
    const args = ["run", "test:live", "--", "--url", servers.appUrl, "--rate", "50"]
    const live = await start("npm", args, {
      env: environment(servers),
      log: (line) => output.push(stripVTControlCharacters(line)),
    })
    const { ok } = await live.ended
    const text = output.join("\n")
    expect(ok, text).toBe(true)
    expect(text).toContain(`✓ The app at its address: ${servers.appUrl}`)
    expect(text).toMatch(/[1-9]\d\d requests/)
    expect(text).toMatch(/8 passed/)
    expect(text).toContain("sign-up, verification, recovery and sign-in by code: they need a mailbox")
    expect(text).not.toContain("ory_kratos_session=")
    expect(await users(servers)).toBe(0)
  },
)

test("leaves no user when it is interrupted", { tag: "@slow" }, async ({ ownServers }) => {
  test.setTimeout(300_000)
  const servers = await ownServers({ tls: true })
  const output: string[] = []
  const args = ["--import", "tsx", "scripts/test-live.ts", "--url", servers.appUrl]
  const live = await start(process.execPath, args, {
    env: environment(servers),
    log: (line) => output.push(stripVTControlCharacters(line)),
  })
  await expect.poll(() => output.join("\n"), { timeout: 120_000 }).toContain("Running 8 tests")
  expect(await users(servers)).toBe(2)
  process.kill(live.pid, "SIGINT")
  expect((await live.ended).ok).toBe(false)
  expect(output.join("\n")).toContain("The test users are deleted.")
  expect(await users(servers)).toBe(0)
})

test("names the missing variables, and creates nothing", async () => {
  const output: string[] = []
  const args = ["--import", "tsx", "scripts/test-live.ts", "--url", "https://app.example.com"]
  const env = { ...process.env, ORY_SDK_URL: "", ORY_ADMIN_URL: "" }
  const live = await start(process.execPath, args, { env, log: (line) => output.push(stripVTControlCharacters(line)) })
  expect((await live.ended).ok).toBe(false)
  expect(output.join("\n")).toContain("Set ORY_SDK_URL and ORY_ADMIN_URL")
})
