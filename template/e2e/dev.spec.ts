import { execFile } from "node:child_process"
import { access, chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises"
import { connect, createServer } from "node:net"
import { networkInterfaces } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { freePorts } from "../../e2e/ports"
import { start, type Running } from "../../scripts/processes"
import { demoAdmin, demoUser, startOry } from "../../scripts/stack"
import { expect, signIn, test } from "../../e2e/fixtures"
import { expectProbesVisible, PNG, PROBE_PAGE, writeProbes } from "./probes"
import { texts } from "../../e2e/texts"
import { copyProject } from "./copy-project"

/** `npm run dev` in a fresh clone: a copy of the project, on free ports. */

test.describe.configure({ mode: "serial" })

let folder: string
test.beforeAll(async () => {
  test.setTimeout(180_000)
  folder = await copyProject()
})
const started: Running[] = []
// Stop the processes of a test that failed, but not the servers of this worker.
test.afterEach(() => Promise.all(started.splice(0).map((running) => running.stop())))
test.afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

interface Ports {
  PORT: string
  ORY_SDK_URL: string
  ORY_ADMIN_PORT: string
  MAIL_PORT: string
  INBOX_PORT: string
}

async function ports(): Promise<Ports> {
  const [app, ory, admin, mail, inbox] = await freePorts()
  return {
    PORT: String(app),
    ORY_SDK_URL: `http://localhost:${ory}`,
    ORY_ADMIN_PORT: String(admin),
    MAIL_PORT: String(mail),
    INBOX_PORT: String(inbox),
  }
}

interface Dev {
  running: Running
  output: string[]
  /** Resolves when the command prints that everything is ready. */
  ready: Promise<void>
}

type Env = Partial<Ports> & {
  PATH?: string
  ORY_PROJECT?: string
  ORY_SESSION_COOKIE?: string
  APP_URL?: string
  NODE_ENV?: string
  SESSION_EXTEND_BELOW?: string
}

async function dev(env: Env, command = "dev", cwd = folder): Promise<Dev> {
  const { PATH, HOME, KRATOS_BIN, XDG_CACHE_HOME } = process.env
  const output: string[] = []
  let readied: () => void
  const ready = new Promise<void>((done) => (readied = done))
  const running = await start("npm", ["run", command], {
    cwd,
    patience: 15_000,
    env: { PATH, HOME, KRATOS_BIN, XDG_CACHE_HOME, NEXT_TELEMETRY_DISABLED: "1", ...env },
    log: (line) => {
      output.push(line)
      if (line.includes("Ctrl-C stops everything")) readied()
    },
  })
  started.push(running)
  return {
    running,
    output,
    ready: Promise.race([
      ready,
      running.ended.then(({ how }) => {
        throw new Error(`${how}: ${output.join("\n")}`)
      }),
    ]),
  }
}

/** Process id of the Kratos that runs in the copy. */
async function kratosPid(): Promise<number> {
  const files = (await readdir(join(folder, ".ory"), { recursive: true })).filter((file) => file.endsWith("kratos.pid"))
  expect(files).toHaveLength(1)
  return Number(await readFile(join(folder, ".ory", files[0] ?? ""), "utf8"))
}

/** Processes that still run in the copy. */
async function leftovers(): Promise<string[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-ww", "-o", "args="])
  return stdout.split("\n").filter((line) => line.includes(folder))
}

test("a fresh clone starts with one command, prints its addresses, and leaves no process after Ctrl-C", async ({
  openPage,
}) => {
  test.setTimeout(300_000)
  const at = await ports()
  // With the lifespan of local Ory, each page view extends the session.
  const { running, output, ready } = await dev({ ...at, SESSION_EXTEND_BELOW: "720h" })
  await ready
  const text = output.join("\n")
  expect(text).toContain("Created .env.local from .env.example.")
  expect(await readFile(join(folder, ".env.local"), "utf8")).toMatch(/^SESSION_SECRET=\S{40,}$/m)
  expect((await stat(join(folder, ".ory"))).mode & 0o777).toBe(0o700)
  for (const line of [
    `App    http://localhost:${at.PORT}`,
    `Ory    ${at.ORY_SDK_URL}`,
    `Inbox  http://localhost:${at.INBOX_PORT}`,
    `Demo   ${demoUser.email}`,
    `Admin  ${demoAdmin.email}`,
  ])
    expect(text).toContain(line)

  await test.step("the demo user signs in", async () => {
    const page = await openPage(`http://localhost:${at.PORT}`)
    await page.goto("/dashboard")
    await signIn(page, demoUser)
    await expect(page.getByRole("heading", { name: texts.dashboard.greeting("Demo") })).toBeVisible({ timeout: 30_000 })
    await page.close()
  })
  await test.step("sliding sessions are on", async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${at.ORY_ADMIN_PORT}/admin/metrics/prometheus`)).text()
    expect(metrics).toMatch(/endpoint="\/admin\/sessions\/:?[^"]*\/extend"/)
  })
  await test.step("in development, the page that ends a redirect loop shows the message of the log", async () => {
    const page = await openPage(`http://localhost:${at.PORT}`, { expectedErrors: /^401 |came back from Ory's login/ })
    await page.goto("/auth/no-session")
    await expect(page.getByRole("main").getByText("Expected: ory_kratos_session")).toBeVisible()
    await page.close()
  })

  running.signal("SIGINT")
  await running.ended
  await expect.poll(leftovers).toEqual([])
})

test(
  "npm run preview serves the production build on loopback only, with the session cookie that ORY_SESSION_COOKIE names",
  { tag: "@slow" },
  async ({ openPage }) => {
    test.setTimeout(300_000)
    const at = await ports()
    const { running, output, ready } = await dev({ ...at, ORY_SESSION_COOKIE: "my_session" }, "preview")
    await ready
    expect(output.join("\n")).toContain("Compiled successfully")
    const open = await listeners(at)
    expect(open).toContain("127.0.0.1")
    expect(open.filter((address) => !["127.0.0.1", "::1"].includes(address))).toEqual([])
    const page = await openPage(`http://localhost:${at.PORT}`)
    await page.goto("/dashboard")
    await signIn(page, demoUser)
    await expect(page.getByRole("heading", { name: texts.dashboard.greeting("Demo") })).toBeVisible()
    expect((await page.context().cookies()).map(({ name }) => name)).toContain("my_session")
    await page.close()
    running.signal("SIGINT")
    await running.ended
    await expect.poll(leftovers).toEqual([])
  },
)

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((all) =>
    (all ?? []).filter(({ scopeid = 0 }) => scopeid === 0).map(({ address }) => address),
  )
}

/** The addresses of this machine at which one of these ports accepts connections. */
async function listeners(at: Ports): Promise<string[]> {
  const addresses = ownAddresses()
  const numbers = [at.PORT, new URL(at.ORY_SDK_URL).port, at.ORY_ADMIN_PORT, at.MAIL_PORT, at.INBOX_PORT]
  const accepts = (host: string, port: string): Promise<boolean> =>
    new Promise((done) => {
      const socket = connect({ host, port: Number(port) }, () => {
        socket.destroy()
        done(true)
      })
      socket.on("error", () => {
        done(false)
      })
    })
  const open = await Promise.all(
    addresses.map(async (host) => (await Promise.all(numbers.map((port) => accepts(host, port)))).some(Boolean)),
  )
  return addresses.filter((_, index) => open[index]).sort()
}

test("two clones run side by side", { tag: "@slow" }, async () => {
  test.setTimeout(300_000)
  const other = await copyProject()
  try {
    const [one, two] = [await dev(await ports()), await dev(await ports(), "dev", other)]
    await Promise.all([one.ready, two.ready])
    for (const { running } of [one, two]) running.signal("SIGINT")
    await Promise.all([one.running.ended, two.running.ended])
    await expect.poll(leftovers).toEqual([])
  } finally {
    await rm(other, { recursive: true, force: true })
  }
})

test("stops everything and prints the reason when Ory dies", async () => {
  test.setTimeout(120_000)
  await chmod(join(folder, ".ory"), 0o755)
  const { running, output, ready } = await dev(await ports())
  await ready
  // An earlier version created this folder with permissions for every user.
  expect((await stat(join(folder, ".ory"))).mode & 0o777).toBe(0o700)
  expect(output.join("\n")).not.toContain("Created .env.local")
  process.kill(await kratosPid(), "SIGKILL")
  expect((await running.ended).ok).toBe(false)
  expect(output.join("\n")).toContain("Ory Kratos was ended by SIGKILL")
  await expect.poll(leftovers).toEqual([])
})

test("uses an Ory that runs already and is configured for this app", async () => {
  test.setTimeout(120_000)
  const { PORT, ORY_SDK_URL, ...rest } = await ports()
  const ory = await startOry({
    appUrl: `http://localhost:${PORT}`,
    oryUrl: ORY_SDK_URL,
    adminPort: Number(rest.ORY_ADMIN_PORT),
    mailPort: Number(rest.MAIL_PORT),
    inboxPort: Number(rest.INBOX_PORT),
    dataDir: join(folder, "tunnel"),
    log: () => undefined,
  })
  try {
    const { running, output, ready } = await dev({ PORT, ORY_SDK_URL })
    await ready
    expect(output.join("\n")).toContain(`Ory already runs at ${ORY_SDK_URL} and redirects to this app, so it is used.`)
    running.signal("SIGINT")
    await running.ended
  } finally {
    await ory.stop()
  }
  await expect.poll(leftovers).toEqual([])
})

test("starts no Ory when ORY_SDK_URL is another host", async () => {
  const { PORT } = await ports()
  const { running, output, ready } = await dev({ PORT, ORY_SDK_URL: "https://demo.projects.oryapis.com" })
  await ready
  expect(output.join("\n")).toContain("ORY_SDK_URL is https://demo.projects.oryapis.com: no local Ory is started.")
  running.signal("SIGINT")
  await running.ended
  await expect.poll(leftovers).toEqual([])
})

test("serves a new file in public/ without a restart, and logs how to make other paths public", async ({
  openPage,
}) => {
  test.setTimeout(120_000)
  const { PORT } = await ports()
  const { running, output, ready } = await dev({ PORT, ORY_SDK_URL: "https://demo.projects.oryapis.com" })
  const app = `http://localhost:${PORT}`
  const status = async (path: string): Promise<number> =>
    (await fetch(app + path, { redirect: "manual", headers: { "sec-fetch-dest": "image" } })).status
  // The browser requests two private images below.
  const page = await openPage(app, { expectedErrors: new RegExp(`^401 ${app}/private\\.png`) })
  try {
    await ready
    expect(await status("/new.png")).toBe(401)
    await writeProbes(folder)
    await writeFile(join(folder, "public/new.png"), PNG)
    await expect.poll(() => status("/new.png")).toBe(200)
    await page.goto(PROBE_PAGE)
    await expectProbesVisible(page)
    // In development the image optimizer accepts every path, and the gate refuses its request.
    expect(await status("/_next/image?url=%2Fdashboard&w=64&q=75")).toBe(500)

    await rename(join(folder, "public/new.png"), join(folder, "public/renamed.png"))
    await expect.poll(() => status("/renamed.png")).toBe(200)
    expect(await status("/new.png")).toBe(401)
    await rm(join(folder, "public/renamed.png"))
    await expect.poll(() => status("/renamed.png")).toBe(401)

    await page.goto("/")
    for (let times = 0; times < 2; times++)
      await page.evaluate(
        () =>
          new Promise((done) => Object.assign(new Image(), { onerror: done, src: `/private.png?${Math.random()}` })),
      )
    const hint =
      "/private.png needs a session, so a signed-out request for it (image) got 401. To serve it without a session, put the file into public/, or list the path in lib/routes.ts."
    await expect.poll(() => output.filter((line) => line.includes(hint))).toHaveLength(1)
  } finally {
    await page.close()
    await Promise.all([
      rm(join(folder, "public"), { recursive: true }),
      rm(join(folder, "app/(app)", PROBE_PAGE), { recursive: true }),
    ])
    running.signal("SIGINT")
    await running.ended
  }
  await expect.poll(leftovers).toEqual([])
})

test(
  "warns when the demo user of an older database does not fit the identity schema, and starts",
  { tag: "@slow" },
  async () => {
    test.setTimeout(120_000)
    const start = async (): Promise<string> => {
      const { running, output, ready } = await dev(await ports())
      await ready
      running.signal("SIGINT")
      await running.ended
      return output.join("\n")
    }
    expect(await start()).not.toContain("does not fit")

    const [schemaFile, traitsFile] = [join(folder, "ory/identity.schema.json"), join(folder, "ory/required-traits.ts")]
    const [schema, traits] = await Promise.all([readFile(schemaFile, "utf8"), readFile(traitsFile, "utf8")])
    const changed = JSON.parse(schema) as { properties: { traits: { properties: object; required: string[] } } }
    Object.assign(changed.properties.traits.properties, { nickname: { type: "string", title: "Nickname" } })
    changed.properties.traits.required.push("nickname")
    await writeFile(schemaFile, JSON.stringify(changed))
    await writeFile(traitsFile, 'export const requiredTraits = { nickname: "Demo" }\n')
    try {
      const output = await start()
      expect(output).toContain("The demo user is older than ory/identity.schema.json and does not fit it:")
      expect(output).toContain('traits: missing properties: "nickname"')
      expect(output).toContain("run npm run ory:reset")
      await promisify(execFile)("npm", ["run", "ory:reset"], { cwd: folder })
      expect(await start()).not.toContain("does not fit")
    } finally {
      await Promise.all([writeFile(schemaFile, schema), writeFile(traitsFile, traits)])
      await promisify(execFile)("npm", ["run", "ory:reset"], { cwd: folder })
    }
  },
)

/** Puts a replacement for the Ory CLI, which runs this script, first on the PATH. Returns the PATH. */
async function fakeCli(script: string): Promise<string> {
  const bin = join(folder, "bin")
  await mkdir(bin, { recursive: true })
  await writeFile(
    join(bin, "ory"),
    `#!/usr/bin/env node\nif (process.argv[2] === "version") process.exit(0)\n${script}\n`,
    { mode: 0o755 },
  )
  return `${bin}:${process.env.PATH ?? ""}`
}

test("starts the tunnel instead of local Ory when ORY_PROJECT is set, and stops it with the app", async () => {
  const { PORT, ORY_SDK_URL } = await ports()
  const PATH = await fakeCli(
    'console.log(process.argv.slice(2).join(" ")); import("node:http").then((http) => http.createServer((q, s) => s.end("{}")).listen(process.argv[6], "localhost"))',
  )
  const { running, output, ready } = await dev({ PORT, ORY_SDK_URL, PATH, ORY_PROJECT: "my-project" })
  await ready
  expect(output).toContain(
    `ory  | tunnel --project my-project --port ${new URL(ORY_SDK_URL).port} http://localhost:${PORT}`,
  )
  expect(output.join("\n")).toContain(`Ory    ${ORY_SDK_URL}  (the Ory tunnel to my-project)`)
  expect(output.join("\n")).not.toContain("Inbox")
  running.signal("SIGINT")
  await running.ended
  await expect.poll(leftovers).toEqual([])
})

test("shows the CLI's last lines when the tunnel fails, and leaves no process", async () => {
  const { PORT, ORY_SDK_URL } = await ports()
  const PATH = await fakeCli(
    'console.error("you are not authenticated, please run `ory auth` to authenticate"); process.exit(1)',
  )
  const { running, output, ready } = await dev({ PORT, ORY_SDK_URL, PATH, ORY_PROJECT: "my-project" })
  await expect(ready).rejects.toThrow()
  expect((await running.ended).ok).toBe(false)
  expect(output.join("\n")).toContain(
    "The Ory tunnel stopped before it was ready. It exited with code 1:\nyou are not authenticated, please run `ory auth`",
  )
  await expect.poll(leftovers).toEqual([])
})

test("refuses invalid settings by name, and starts nothing", async () => {
  const at = await ports()
  const cases: [env: Partial<Ports>, message: string][] = [
    [
      { ...at, ORY_SDK_URL: "localhost:4000" },
      'ORY_SDK_URL is "localhost:4000", which does not begin with http:// or https://',
    ],
    [{ ...at, ORY_SDK_URL: "http://127.0.0.1:4000" }, "Write localhost instead of 127.0.0.1."],
    [
      { ...at, ORY_SDK_URL: "https://auth.example.com" },
      `ORY_SDK_URL is https://auth.example.com and this app is at http://localhost:${at.PORT}: browsers treat http and https as different sites`,
    ],
    [{ ...at, PORT: "abc" }, 'PORT is "abc". Set it to a port number'],
    [{ ...at, MAIL_PORT: at.PORT }, `PORT and MAIL_PORT both name port ${at.PORT}.`],
  ]
  for (const [env, message] of cases) {
    const { running, output, ready } = await dev(env)
    await expect(ready).rejects.toThrow()
    expect((await running.ended).ok).toBe(false)
    expect(output.join("\n")).toContain(message)
  }

  const server = createServer().listen(Number(at.ORY_ADMIN_PORT), "127.0.0.1")
  const { running, output, ready } = await dev(at)
  await expect(ready).rejects.toThrow()
  server.close()
  expect((await running.ended).ok).toBe(false)
  expect(output.join("\n")).toMatch(
    new RegExp(`Port ${at.ORY_ADMIN_PORT} is taken by process ${process.pid} .*ORY_ADMIN_PORT`),
  )
})

test(
  "keeps the data of another version of Kratos without using it, until npm run ory:reset deletes everything",
  { tag: "@slow" },
  async () => {
    test.setTimeout(120_000)
    // The second is the path from before each version had a folder.
    const others = [".ory/0.0.1/ory.sqlite", ".ory/ory.sqlite"]
    await mkdir(join(folder, ".ory/0.0.1"), { recursive: true })
    for (const file of others) await writeFile(join(folder, file), "not a database")
    const { running, output, ready } = await dev(await ports())
    await ready
    const line = output.find((text) => text.includes("Data of another version is kept, but not used"))
    for (const file of others) expect(line).toContain(file)

    const refused = promisify(execFile)("npm", ["run", "ory:reset"], { cwd: folder })
    await expect(refused).rejects.toThrow(`Local Ory (process ${await kratosPid()}) is running on the data`)
    running.signal("SIGINT")
    await running.ended

    for (const file of others) expect(await readFile(join(folder, file), "utf8")).toBe("not a database")
    await promisify(execFile)("npm", ["run", "ory:reset"], { cwd: folder })
    await expect(access(join(folder, ".ory"))).rejects.toThrow("ENOENT")
  },
)
