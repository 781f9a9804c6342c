import { readFile, mkdtemp, rm, writeFile } from "node:fs/promises"
import { request } from "node:https"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import which from "which"
import { run, start } from "../../scripts/processes"
import { startOry } from "../../scripts/stack"
import { expect, expectSignedIn, signIn, signOut, test } from "../../e2e/fixtures"
import { createIdentity, randomAccount } from "../../e2e/http"
import { freePorts } from "../../e2e/ports"
import { certificate } from "../../e2e/relay"
import { startApp } from "../../e2e/servers"

/** The configuration in `docs/operate.md`, with a certificate and ports of this machine. */

const nginx = which.sync("nginx", { nothrow: true, path: `${process.env.PATH ?? ""}:/usr/sbin` })

test("the nginx configuration of docs/operate.md ends TLS, limits rates and refuses odd methods", async ({
  openPage,
  afterTest,
}) => {
  // Other systems have only one loopback address.
  test.skip(nginx === null || process.platform !== "linux", "nginx is not installed, or this is not Linux.")
  test.setTimeout(180_000)
  const [port, appPort, oryPort, adminPort, mailPort, inboxPort] = await freePorts()
  const folder = await mkdtemp(join(tmpdir(), "ory-local-"))
  afterTest(() => rm(folder, { recursive: true, force: true }))
  const [appUrl, oryUrl] = [`https://app.example.test:${port}`, `https://auth.example.test:${port}`]
  const tls = await certificate()
  await writeFile(join(folder, "cert.pem"), tls.cert)
  await writeFile(join(folder, "key.pem"), tls.key, { mode: 0o600 })

  await test.step("start nginx, Kratos and the app", async () => {
    const docs = await readFile("docs/operate.md", "utf8")
    const [, documented = ""] = /```nginx\n# In http \{ … \}\n([^]*?)```/.exec(docs) ?? []
    const http = documented
      .replaceAll("listen 443", `listen 127.0.0.1:${port}`)
      .replaceAll("example.com;", "example.test;")
      .replace("localhost:3000", `localhost:${appPort}`)
      .replace("127.0.0.1:4433", `localhost:${oryPort}`)
      .replace("/etc/ssl/example.com.pem", join(folder, "cert.pem"))
      .replace("/etc/ssl/example.com.key", join(folder, "key.pem"))
    const temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    )
    const main = `daemon off; pid ${folder}/pid; error_log stderr; worker_processes 2; events { }`
    await writeFile(join(folder, "nginx.conf"), `${main}\nhttp {\naccess_log off;\n${temp.join("\n")}\n${http}}\n`)
    await run(nginx ?? "", ["-t", "-e", "stderr", "-c", join(folder, "nginx.conf")])
    const server = await start(nginx ?? "", ["-e", "stderr", "-c", join(folder, "nginx.conf")])
    afterTest(() => server.stop())
  })
  const overrides = { SERVE_PUBLIC_PORT: String(oryPort), COOKIES_DOMAIN: "example.test" }
  const dataDir = join(folder, "ory")
  const ports = { adminPort, mailPort, inboxPort }
  const ory = await startOry({ appUrl, oryUrl, ...ports, dataDir, overrides, secure: true, log: () => undefined })
  afterTest(() => ory.stop())
  const log: string[] = []
  const settings = {
    ORY_SDK_URL: oryUrl,
    APP_URL: appUrl,
    NODE_OPTIONS: `--import=${pathToFileURL(resolve("e2e", "hosts.mjs")).href}`,
    NODE_EXTRA_CA_CERTS: join(folder, "cert.pem"),
  }
  afterTest(await startApp(appPort, settings, (_, line) => log.push(line)))

  /** Sends a request from this address of the loopback network. The address of the app itself has no limit. */
  const send = (path: string, method: string, localAddress: string, host = "app"): Promise<number> =>
    new Promise((done, fail) => {
      const { hostname } = new URL(oryUrl.replace("auth", host))
      const headers = { host: `${hostname}:${port}`, accept: "text/html", "sec-fetch-dest": "document" }
      const options = { host: "127.0.0.1", port, servername: hostname, ca: tls.cert, localAddress, agent: false }
      const outgoing = request({ ...options, path, method, headers }, (answer) => {
        answer.resume().on("end", () => {
          done(answer.statusCode ?? 0)
        })
      })
      outgoing.on("error", fail).end()
    })

  await test.step("a user signs in and out, and cookies are Secure", async () => {
    const account = randomAccount()
    await createIdentity(ory.adminUrl, account)
    const page = await openPage(appUrl)
    await page.goto("/dashboard?tab=1")
    await signIn(page, account)
    await page.waitForURL(`${appUrl}/dashboard?tab=1`)
    await expectSignedIn(page, account)
    expect((await page.context().cookies()).filter(({ secure }) => !secure)).toEqual([])
    await signOut(page)
  })

  await test.step("odd methods are refused", async () => {
    for (const method of ["TRACE", "PROPFIND"])
      for (const host of ["app", "auth"])
        expect([method, host, await send("/dashboard", method, "127.0.0.2", host)]).toEqual([method, host, 405])
    expect(await send("*", "GET", "127.0.0.2")).toBe(400)
    expect(await send("/dashboard", "GET", "127.0.0.2")).toBe(303)
  })

  await test.step("a client with too many requests gets 429, and others do not", async () => {
    const flood = (address: string, host?: string): Promise<number[]> =>
      Promise.all(
        Array.from({ length: 150 }, () =>
          send(host === "auth" ? "/health/alive" : "/robots.txt", "GET", address, host),
        ),
      )
    const limited = await flood("127.0.0.3")
    expect(limited.filter((status) => status === 429).length).toBeGreaterThan(30)
    expect(limited.filter((status) => status !== 429).length).toBeGreaterThanOrEqual(50)
    expect(await send("/", "GET", "127.0.0.4")).toBe(200)
    expect(await flood("127.0.0.5", "auth")).toContain(429)
    expect(await flood("127.0.0.1", "auth")).not.toContain(429)
  })
  expect(log.filter((line) => line.includes("unavailable"))).toEqual([])
})
