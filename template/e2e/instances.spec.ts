import { chmod, cp, mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { freePorts, run, start, waitForUrl, type Running } from "../../scripts/processes"
import { startOry, type LocalOry } from "../../scripts/stack"
import { expect, test } from "../../e2e/fixtures"
import { PAGE_LOAD, send, signedIn, type SignedIn } from "../../e2e/http"
import { startBalancer } from "../../e2e/relay"
import { copyProject } from "../../e2e/servers"
import { sessionSecret } from "../../e2e/settings"

/**
 * Two instances of the app, built for a container without knowing where they will run, and two of Kratos on one PostgreSQL,
 * each pair behind a load balancer. None of them keeps anything that another would miss.
 */

test("instances come and go, and nobody who is signed in is signed out", async () => {
  test.setTimeout(420_000)
  const cleanups: (() => Promise<unknown>)[] = []
  try {
    // The standalone build.
    const folder = await copyProject()
    cleanups.push(() => rm(folder, { recursive: true, force: true }))
    const env = { ...process.env, ORY_SDK_URL: undefined, APP_URL: undefined, SESSION_SECRET: undefined }
    await run("npm", ["run", "build"], {
      cwd: folder,
      env: { ...env, BUILD_STANDALONE: "1", ORY_SDK_URL: "http://not-known-yet.invalid" },
    })
    const standalone = join(folder, ".next/standalone")
    await cp(join(folder, ".next/static"), join(standalone, ".next/static"), { recursive: true })

    // PostgreSQL.
    const dataDir = await mkdtemp(join(tmpdir(), "ory-starter-instances-"))
    cleanups.push(() => rm(dataDir, { recursive: true, force: true }))
    // PostgreSQL has a user of its own where this runs as root.
    await chmod(dataDir, 0o755)
    const [appPort, oryPort, postgresPort] = await freePorts()
    const postgresDir = resolve("template/e2e/postgres")
    await run("npm", ["ci", "--prefer-offline"], { cwd: postgresDir })
    const said: string[] = []
    const postgres = await start(process.execPath, ["start.mjs", String(postgresPort), join(dataDir, "postgres")], {
      cwd: postgresDir,
      log: (line) => said.push(line),
    })
    cleanups.push(() => postgres.stop())
    await expect.poll(() => said, { timeout: 60_000 }).toContain("ready")

    // Two of Kratos, with the same secrets.
    const appUrl = `http://localhost:${appPort}`
    const oryUrl = `http://localhost:${oryPort}`
    const startKratos = async (name: string): Promise<{ ory: LocalOry; port: number; kill: () => Promise<void> }> => {
      const [port, adminPort, mailPort, inboxPort] = await freePorts()
      const overrides = {
        SERVE_PUBLIC_PORT: String(port),
        DSN: `postgres://ory:ory@127.0.0.1:${postgresPort}/ory?sslmode=disable`,
        SECRETS_DEFAULT_0: "the same for both instances",
        SECRETS_COOKIE_0: "the same for both instances",
        SECRETS_CIPHER_0: "32 characters, the same for both",
      }
      const ory = await startOry({
        appUrl,
        oryUrl,
        adminPort,
        mailPort,
        inboxPort,
        dataDir: join(dataDir, name),
        overrides,
        log: () => undefined,
      })
      cleanups.push(() => ory.stop())
      const kill = async (): Promise<void> => {
        process.kill(Number(await readFile(join(ory.dataDir, "kratos.pid"), "utf8")), "SIGKILL")
      }
      return { ory, port, kill }
    }
    const kratos = [await startKratos("one"), await startKratos("two")] as const
    cleanups.push(
      await startBalancer(
        oryPort,
        kratos.map(({ port }) => port),
      ),
    )

    // Two of the app.
    const startApp = async (port: number): Promise<Running> => {
      const app = await start(process.execPath, ["server.js"], {
        cwd: standalone,
        env: {
          ...env,
          NODE_ENV: "production",
          PORT: String(port),
          HOSTNAME: "localhost",
          ORY_SDK_URL: oryUrl,
          APP_URL: appUrl,
          SESSION_SECRET: sessionSecret,
          SESSION_CACHE_SECONDS: "2",
        },
      })
      cleanups.push(() => app.stop())
      await waitForUrl("The app", `http://localhost:${port}/`, app)
      return app
    }
    const [first, second, third] = await freePorts()
    const apps = [await startApp(first), await startApp(second)]
    cleanups.push(await startBalancer(appPort, [first, second]))

    // A variable that is missing stops the start, also of this build.
    const lacking = await start(process.execPath, ["server.js"], {
      cwd: standalone,
      env: { ...env, NODE_ENV: "production", ORY_SDK_URL: oryUrl, PORT: String(third), HOSTNAME: "localhost" },
    })
    const { ok, lastLines } = await lacking.ended
    expect(ok).toBe(false)
    expect(lastLines).toContain("APP_URL is not set")

    // Signed in through one, known to all.
    const people = await Promise.all(Array.from({ length: 8 }, () => signedIn(oryUrl, kratos[0].ory.adminUrl)))
    for (const port of [first, second]) {
      const [someone] = people
      const page = await send(`http://localhost:${port}`, "/dashboard", {
        headers: { ...PAGE_LOAD, cookie: someone?.cookie ?? "" },
      })
      expect(page.status).toBe(200)
    }

    // Everybody clicks, one page after the other, while each instance is killed in turn and comes back.
    const seen = { shown: 0, unavailable: 0, broken: 0, wrong: [] as string[] }
    let ending = false
    const click = async (person: SignedIn): Promise<void> => {
      let cookie = person.cookie
      while (!ending) {
        const answer = await send(appUrl, "/dashboard", { headers: { ...PAGE_LOAD, cookie } }).catch(() => undefined)
        if (answer === undefined) seen.broken++
        else if (answer.status === 503) seen.unavailable++
        else if (answer.status === 200 && answer.body.includes(person.email)) seen.shown++
        else seen.wrong.push(`${answer.status} ${String(answer.headers.location)}`)
        const snapshot = answer?.headers["set-cookie"]?.find((value) => value.startsWith("session_snapshot="))
        if (snapshot !== undefined) cookie = `${person.cookie}; ${snapshot.split(";", 1)[0] ?? ""}`
      }
    }
    const clicking = Promise.all(people.map(click))
    const pause = (): Promise<void> => new Promise((done) => setTimeout(done, 1500))
    await pause()
    for (const [index, port] of [first, second].entries()) {
      apps[index]?.signal("SIGKILL")
      await pause()
      apps[index] = await startApp(port)
      await pause()
    }
    for (const { ory, kill } of kratos) {
      await kill()
      await pause()
      await ory.startKratos()
      await pause()
    }
    ending = true
    await clicking
    console.log(
      `      ${seen.shown} pages shown, ${seen.unavailable} times 503, ${seen.broken} broken off, while 4 instances were killed`,
    )
    expect(seen.wrong).toEqual([])
    expect(seen.shown).toBeGreaterThan(100)
    // What was in flight at the one that was killed: at most one request of each person, for each of the four.
    expect(seen.unavailable + seen.broken).toBeLessThanOrEqual(4 * people.length)
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup()
  }
})
