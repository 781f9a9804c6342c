import { randomBytes } from "node:crypto"
import { chmod, cp, mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

import { freePorts } from "../../e2e/ports"
import { run, start, waitForUrl, type Running } from "../../scripts/processes"
import { startOry, type LocalOry } from "../../scripts/stack"
import { expect, test } from "../../e2e/fixtures"
import { PAGE_LOAD, send, signedIn, type SignedIn } from "../../e2e/http"
import { startBalancer } from "../../e2e/relay"
import { sessionSecret } from "../../e2e/settings"
import { copyProject } from "./copy-project"

/**
 * Two instances of the app and two of Kratos on one PostgreSQL, each pair behind a load balancer. The app is built for a container,
 * without the addresses at which it will run. No instance has state that the other one needs.
 */

/** The responses that the users got. */
interface Seen {
  shown: number
  unavailable: number
  broken: number
  wrong: string[]
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1500))

test("users stay signed in while each instance is killed and restarted", { tag: "@slow" }, async () => {
  test.setTimeout(600_000)
  const cleanups: (() => Promise<unknown>)[] = []
  try {
    // Build the standalone server.
    const folder = await copyProject()
    cleanups.push(() => rm(folder, { recursive: true, force: true }))
    const env = { ...process.env, ORY_SDK_URL: undefined, APP_URL: undefined, SESSION_SECRET: undefined }
    // The command and variables of the Dockerfile.
    await run("npm", ["run", "build"], {
      cwd: folder,
      env: {
        ...env,
        BUILD_STANDALONE: "1",
        APP_URL: "https://app.example.com",
        ORY_SDK_URL: "http://not-known-yet.invalid",
      },
    })
    const standalone = join(folder, ".next/standalone")
    await cp(join(folder, ".next/static"), join(standalone, ".next/static"), { recursive: true })

    // Start PostgreSQL.
    const dataDir = await mkdtemp(join(tmpdir(), "ory-starter-instances-"))
    cleanups.push(() => rm(dataDir, { recursive: true, force: true }))
    // PostgreSQL runs as another user when this process is root.
    await chmod(dataDir, 0o755)
    const [appPort, oryPort, postgresPort] = await freePorts()
    const postgresDir = resolve("template/e2e/postgres")
    await run("npm", ["ci", "--prefer-offline"], { cwd: postgresDir })
    const log: string[] = []
    const postgres = await start(process.execPath, ["start.mjs", String(postgresPort), join(dataDir, "postgres")], {
      cwd: postgresDir,
      log: (line) => log.push(line),
    })
    cleanups.push(() => postgres.stop())
    await expect.poll(() => log, { timeout: 60_000 }).toContain("ready")

    // Start two instances of Kratos with the same secrets.
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

    // Start two instances of the app.
    const startApp = async (port: number, secrets = sessionSecret): Promise<Running> => {
      const app = await start(process.execPath, ["server.js"], {
        cwd: standalone,
        env: {
          ...env,
          NODE_ENV: "production",
          PORT: String(port),
          HOSTNAME: "localhost",
          ORY_SDK_URL: oryUrl,
          APP_URL: appUrl,
          SESSION_SECRET: secrets,
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

    await test.step("the build refuses to start with a missing or invalid variable", async () => {
      for (const [variables, problem] of [
        [{}, "APP_URL is not set"],
        [{ APP_URL: appUrl, SESSION_SECRET: "short" }, "SESSION_SECRET contains a secret that is shorter"],
      ] as const) {
        const settings = { ORY_SDK_URL: oryUrl, PORT: String(third), HOSTNAME: "localhost", ...variables }
        const refused = await start(process.execPath, ["server.js"], {
          cwd: standalone,
          env: { ...env, NODE_ENV: "production", ...settings },
        })
        const { ok, lastLines } = await refused.ended
        expect(ok).toBe(false)
        expect(lastLines).toContain(problem)
      }
    })

    const users = await Promise.all(Array.from({ length: 8 }, () => signedIn(oryUrl, kratos[0].ory.adminUrl)))
    await test.step("each instance of the app knows the users", async () => {
      for (const port of [first, second]) {
        const [user] = users
        const page = await send(`http://localhost:${port}`, "/dashboard", {
          headers: { ...PAGE_LOAD, cookie: user?.cookie ?? "" },
        })
        expect(page.status).toBe(200)
      }
    })

    /** All users load pages while this runs. Each of them must see their own page, or none. */
    const whileUsersLoadPages = async (act: () => Promise<void>): Promise<Seen> => {
      const seen: Seen = { shown: 0, unavailable: 0, broken: 0, wrong: [] }
      let done = false
      const loadPages = async (user: SignedIn): Promise<void> => {
        let cookie = user.cookie
        while (!done) {
          const answer = await send(appUrl, "/dashboard", { headers: { ...PAGE_LOAD, cookie } }).catch(() => undefined)
          if (answer === undefined) seen.broken++
          else if (answer.status === 503) seen.unavailable++
          else if (answer.status === 200 && answer.body.includes(user.email)) seen.shown++
          else seen.wrong.push(`${answer.status} ${String(answer.headers.location)}`)
          const snapshot = answer?.headers["set-cookie"]?.find((value) => value.startsWith("session_snapshot="))
          if (snapshot !== undefined) cookie = `${user.cookie}; ${snapshot.split(";", 1)[0] ?? ""}`
        }
      }
      const loading = Promise.all(users.map(loadPages))
      await pause()
      await act().finally(() => (done = true))
      await loading
      expect(seen.wrong).toEqual([])
      expect(seen.shown).toBeGreaterThan(100)
      return seen
    }

    await test.step("every user loads pages while each instance is killed and restarted in turn", async () => {
      const seen = await whileUsersLoadPages(async () => {
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
      })
      console.log(
        `      ${seen.shown} pages shown, ${seen.unavailable} times 503, ${seen.broken} connections lost, while 4 instances were killed`,
      )
      // Each kill may break the requests in flight: at most one of each user.
      expect(seen.unavailable + seen.broken).toBeLessThanOrEqual(4 * users.length)
    })

    await test.step("every user loads pages while the secrets are rotated as docs/operate.md says", async () => {
      const secret = randomBytes(32).toString("base64")
      const old = "the same for both instances"
      const seen = await whileUsersLoadPages(async () => {
        for (const secrets of [`${secret},${sessionSecret}`, secret])
          for (const [index, port] of [first, second].entries()) {
            await apps[index]?.stop()
            apps[index] = await startApp(port, secrets)
            await pause()
          }
        for (const [first, second] of [
          [old, "the new one for both instances"],
          ["the new one for both instances", old],
        ] as const)
          for (const { ory } of kratos) {
            await ory.stopKratos()
            await ory.startKratos({ SECRETS_COOKIE_0: first, SECRETS_COOKIE_1: second })
            await pause()
          }
      })
      console.log(`      ${seen.shown} pages shown, ${seen.unavailable} times 503, while the secrets were rotated`)
      // Instances stop with SIGTERM, so that requests in flight end. A connection that a stopped instance kept open may break.
      expect(seen.unavailable + seen.broken).toBeLessThanOrEqual(8 * users.length)
      const user = await signedIn(oryUrl, kratos[0].ory.adminUrl)
      expect((await send(appUrl, "/dashboard", { headers: { ...PAGE_LOAD, cookie: user.cookie } })).status).toBe(200)
    })
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup()
  }
})
