import { createHash } from "node:crypto"
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { freePorts } from "../../e2e/ports"
import { run, start, waitForUrl } from "../../scripts/processes"
import { attacks, prepare, protectedRoutes, sendAll, type Attack, type Context } from "../../e2e/attacks"
import { expect, test } from "../../e2e/fixtures"
import { createUser, PAGE_LOAD, send, type SignedIn } from "../../e2e/http"
import { ACTIONS, CHANGE, ROUTES, type Recorder } from "./oracle/app/recorders"
import { gateFile, startApp } from "../../e2e/servers"
import { sessionSecret, setting } from "../../e2e/settings"
import { copyProject } from "./copy-project"

/**
 * No code of a protected route runs without a session. The build has the project's gate, configuration and `lib/`. Its routes
 * (`template/e2e/oracle/app`) check nothing and report each execution. So the test asserts on the code that ran, not on responses.
 */
test.describe.configure({ mode: "serial" })

let folder: string
let executions: string
test.beforeAll(async () => {
  test.setTimeout(420_000)
  folder = await copyProject()
  executions = join(await mkdtemp(join(tmpdir(), "ory-starter-oracle-")), "executions")
  await rm(join(folder, "app"), { recursive: true })
  for (const name of await readdir(join(folder, "components"))) {
    const file = join(folder, "components", name)
    if ((await readFile(file, "utf8")).includes('from "@/app/')) await rm(file)
  }
  await cp("template/e2e/oracle/app", join(folder, "app"), { recursive: true })
  const env = { ...process.env, BUILD_STANDALONE: "1", ORY_SDK_URL: setting("ORY_URL"), APP_URL: undefined }
  await run("npm", ["run", "build"], { cwd: folder, env })
})
test.afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
  await rm(join(executions, ".."), { recursive: true, force: true })
})

test("the build under test has the project's gate, configuration and lib/", { tag: "@slow" }, async () => {
  const hash = async (path: string): Promise<string> =>
    createHash("sha256")
      .update(await readFile(path))
      .digest("hex")
  const files = [gateFile, "next.config.ts", ...(await readdir("lib")).map((name) => join("lib", name))]
  expect(files.length).toBeGreaterThan(10)
  for (const file of files) expect([file, await hash(join(folder, file))]).toEqual([file, await hash(file)])
})

interface Execution {
  name: Recorder
  /** The form of the request. */
  form: string | null
}

/** The executions since the last call. */
async function newExecutions(): Promise<Execution[]> {
  const lines = await readFile(executions, "utf8")
  await writeFile(executions, "")
  return lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Execution)
}

/** Both servers that Next has for a build. */
const SERVERS: Record<string, (port: number, env: Record<string, string>) => Promise<() => Promise<void>>> = {
  "next start": (port, env) => startApp(port, { ...env, BUILD_STANDALONE: "1" }, undefined, folder),
  "the standalone server": async (port, env) => {
    const cwd = join(folder, ".next/standalone")
    await cp(join(folder, ".next/static"), join(cwd, ".next/static"), { recursive: true })
    const app = await start(process.execPath, ["server.js"], {
      cwd,
      env: { ...process.env, NODE_ENV: "production", PORT: String(port), HOSTNAME: "localhost", ...env },
    })
    await waitForUrl("The app", `http://localhost:${port}/`, app)
    return () => app.stop()
  },
}

for (const [name, startServer] of Object.entries(SERVERS))
  test(`no code of a protected route runs without a session: ${name}`, { tag: "@slow" }, async () => {
    test.setTimeout(420_000)
    const [port] = await freePorts()
    const appUrl = `http://localhost:${port}`
    await writeFile(executions, "")
    const stop = await startServer(port, {
      ORY_SDK_URL: setting("ORY_URL"),
      APP_URL: appUrl,
      SESSION_SECRET: sessionSecret,
      EXECUTIONS_FILE: executions,
    })
    try {
      const victim = await createUser()
      const context = await prepare(folder, appUrl, victim)
      await assertAllRun(appUrl, context, victim)
      await attackAll(appUrl, context)
    } finally {
      await stop()
    }
  })

/** A control: with a session, every piece of code reports. */
async function assertAllRun(appUrl: string, { actions, form }: Context, { cookie }: SignedIn): Promise<void> {
  for (const route of await protectedRoutes(folder))
    for (const method of ["GET", "POST"]) await send(appUrl, route, { method, headers: { ...PAGE_LOAD, cookie } })
  for (const { id } of actions) {
    const headers = { ...form.headers, origin: appUrl, cookie, "next-action": id }
    await send(appUrl, "/account", { method: "POST", headers, body: form.body })
  }
  expect([...new Set((await newExecutions()).map(({ name }) => name))].sort()).toEqual(
    [...ROUTES, ...ACTIONS, CHANGE].sort(),
  )
}

/** Sends every form of request to every route. */
async function attackAll(appUrl: string, context: Context): Promise<void> {
  const routes = await protectedRoutes(folder)
  const seen = { forms: 0, actions: 0, code: [] as string[], errors: [] as string[] }
  for (const route of routes) {
    const all = (await attacks(route, context)).map((attack): Attack => ({
      ...attack,
      headers: { ...attack.headers, "x-form": `${route}, ${attack.name}` },
    }))
    seen.forms = all.length
    for (const { attack, answer } of await sendAll(appUrl, all))
      if (answer.status >= 500) seen.errors.push(`${route}, ${attack.name}: ${answer.status}`)
    for (const execution of await newExecutions())
      if ((ACTIONS as readonly string[]).includes(execution.name)) seen.actions++
      else seen.code.push(`${execution.name}: ${String(execution.form)}`)
  }
  console.log(
    `      ${seen.forms} forms of request × ${routes.length} routes: ${seen.code.length} executions of protected code, ` +
      `${seen.actions} of server actions, ${seen.errors.length} server errors`,
  )
  expect(seen.code).toEqual([])
  expect(seen.errors).toEqual([])
  // Server actions may run, because each has its own guard.
  expect(seen.actions).toBeGreaterThan(0)
}
