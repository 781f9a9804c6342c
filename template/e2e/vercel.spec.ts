import { AsyncLocalStorage } from "node:async_hooks"
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { setTimeout } from "node:timers/promises"
import { gzipSync } from "node:zlib"
import { EdgeVM } from "@edge-runtime/vm"
import { freePorts } from "../../e2e/ports"
import { run, start, waitForUrl } from "../../scripts/processes"
import { expect, signInWithoutSecondFactor, test } from "../../e2e/fixtures"
import { createUser, PAGE_LOAD, send } from "../../e2e/http"
import { PROBES, writeProbes } from "./probes"
import { Relay, type Fault } from "../../e2e/relay"
import { setting } from "../../e2e/settings"
import { copyProject } from "./copy-project"

/**
 * Runs `vercel build`, which needs no account. Then runs the gate and the dashboard of its output, each without Next's server, with a
 * real Ory. Vercel's network is not part of the test.
 */

test.describe.configure({ mode: "serial" })

const VERCEL = "vercel@60.1.3"

/** Vercel's limit for an Edge function on its smallest plan, in bytes after gzip: https://vercel.com/docs/functions/limitations */
const SIZE_LIMIT = 1_000_000

/** Secrets that the build gets and that nothing deployed may contain. */
const SECRETS = {
  SESSION_SECRET: "the-sealing-key-that-no-deployed-file-may-contain",
  ORY_PROJECT_API_TOKEN: "ory_pat_that_no_deployed_file_may_contain",
}

let folder: string
let relay: Relay
let env: Record<string, string>
test.beforeAll(async () => {
  test.setTimeout(300_000)
  folder = await copyProject({ install: false })
  await writeProbes(folder)
  await mkdir(join(folder, ".vercel"))
  const settings = { framework: "nextjs", nodeVersion: "24.x" }
  await writeFile(
    join(folder, ".vercel/project.json"),
    JSON.stringify({ projectId: "prj_none", orgId: "team_none", settings }),
  )
  // The build must not depend on the address of Ory.
  await run(
    "npx",
    ["--yes", VERCEL, "build", "--yes", "--token", "none", "--global-config", join(folder, ".vercel/global")],
    {
      cwd: folder,
      env: {
        ...process.env,
        ORY_SDK_URL: "https://not-known-yet.example",
        VERCEL_TELEMETRY_DISABLED: "1",
        APP_URL: undefined,
        ...SECRETS,
      },
    },
  )
  const [port] = await freePorts()
  relay = new Relay(port, Number(new URL(setting("ORY_URL")).port))
  await relay.start()
  env = { ORY_SDK_URL: `http://localhost:${port}`, APP_URL: setting("APP_URL"), NODE_ENV: "production", ...SECRETS }
})
test.afterAll(async () => {
  await relay.stop()
  await rm(folder, { recursive: true, force: true })
})

const output = (path: string): string => join(folder, ".vercel/output", path)

async function json(path: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(output(path), "utf8")) as Record<string, unknown>
}

interface Answer {
  status: number
  headers: Headers
  body: string
}

type Gate = (path: string, headers?: Record<string, string>, method?: string) => Promise<Answer>

/** Starts the built gate in the runtime of Vercel's edge, which has no module of Node except the ones named here. */
async function startGate(
  variables: Readonly<Record<string, string>> = env,
  origin = setting("APP_URL"),
): Promise<Gate> {
  const { entrypoint, environment } = (await json("functions/middleware.func/.vc-config.json")) as {
    entrypoint: string
    environment: object
  }
  const modules = createRequire(import.meta.url)
  const vm = new EdgeVM({
    extend: (context) =>
      Object.assign(context, {
        AsyncLocalStorage,
        process: { env: { ...environment, ...variables } },
        require: (name: string): unknown => {
          if (!["async_hooks", "node:async_hooks", "node:buffer"].includes(name))
            throw new Error(`The gate imports ${name}, which Vercel's edge does not have.`)
          return modules(name)
        },
      }),
  })
  const code = await readFile(output(`functions/middleware.func/${entrypoint}`), "utf8")
  const gate = vm.evaluate<(request: Request, context: object) => Promise<Response>>(
    code.replace("export default", "globalThis.gate =") + "\nglobalThis.gate",
  )
  return async (path, headers = PAGE_LOAD, method = "GET") => {
    const request = new vm.context.Request(origin + path, {
      method,
      headers: { host: new URL(origin).host, ...headers },
    })
    const response = await gate(request, { waitUntil: () => undefined })
    return { status: response.status, headers: response.headers, body: await response.text() }
  }
}

/** The request headers with which Vercel calls the page after the gate. */
function pageHeaders({ headers }: Answer): Record<string, string> {
  const names = (headers.get("x-middleware-override-headers") ?? "").split(",").filter((name) => name !== "")
  return Object.fromEntries(names.map((name) => [name, headers.get(`x-middleware-request-${name}`) ?? ""]))
}

test("the gate is an Edge function within the size limit, and runs for every path except static files", async () => {
  const { runtime, entrypoint } = await json("functions/middleware.func/.vc-config.json")
  expect(runtime).toBe("edge")
  const size = gzipSync(await readFile(output(`functions/middleware.func/${String(entrypoint)}`))).length
  console.log(`      ${Math.round(size / 1000)} kB gzipped, of ${SIZE_LIMIT / 1000} kB`)
  expect(size).toBeLessThan(SIZE_LIMIT)

  const { routes } = (await json("config.json")) as {
    routes: {
      src: string
      status?: number
      middlewarePath?: string
      has?: { key: string }[]
      missing?: { key: string; value: string }[]
    }[]
  }
  const [route, ...others] = routes.filter(({ middlewarePath }) => middlewarePath !== undefined)
  // The gate skips static files, except requests that Next would handle as a server action.
  expect(others.map(({ has }) => has?.map(({ key }) => key))).toEqual([["next-action"], ["content-type"]])
  for (const { src } of others) expect(new RegExp(src).test("/_next/static/chunks/a.js")).toBe(true)
  expect(route?.has).toBeUndefined()
  // The configuration redirects requests that the gate cannot recognise as server actions.
  const redirects = routes.slice(0, route && routes.indexOf(route)).filter(({ status }) => status === 303)
  expect(redirects.map(({ has }) => has?.map(({ key }) => key))).toEqual([["next-action", "rsc"], ["next-action"]])
  // Vercel itself skips the gate to revalidate static pages, with a secret of this build.
  for (const { key, value } of route?.missing ?? []) expect([key, value.length]).toEqual(["x-prerender-revalidate", 32])
  const gated = new RegExp(route?.src ?? "$.")
  for (const path of [
    "/",
    "/dashboard",
    "/dashboard.rsc",
    "/account/devices",
    "/api/me",
    "/_next/data/x/dashboard.json",
    "/dashboard.segments/_tree.segment.rsc",
    "/_next/static",
    "/self-service/login/browser",
  ])
    expect([path, gated.test(path)]).toEqual([path, true])
  expect(gated.test("/_next/static/chunks/a.js")).toBe(false)
})

test("the gate allows the files in public/ without a session, and no other path", async () => {
  const gate = await startGate()
  for (const [file, content] of Object.entries(PROBES)) {
    const { headers } = await gate(encodeURI(file))
    expect([file, headers.get("x-middleware-rewrite"), headers.get("set-cookie")]).toEqual([
      file,
      new URL(file, setting("APP_URL")).href,
      null,
    ])
    // Vercel serves these files before it looks for pages.
    expect((await readFile(output(`static${file}`))).equals(content)).toBe(true)
  }
  for (const path of [
    "/none.png",
    "/.hidden",
    "/probe.png/",
    "/PROBE.png",
    "/probe.png%2f..%2fdashboard",
    "/public/probe.png",
  ]) {
    const { status, headers } = await gate(path)
    expect([path, status, headers.get("x-middleware-rewrite")]).toEqual([path, 303, null])
    expect((await gate(path, { "sec-fetch-dest": "image" })).status).toBe(401)
  }
})

test("no deployed file contains a secret", async () => {
  const seen = { files: 0, gate: false, scripts: 0 }
  for (const path of await readdir(output(""), { recursive: true, withFileTypes: true })) {
    if (!path.isFile()) continue
    const file = join(path.parentPath, path.name)
    const text = await readFile(file, "latin1")
    for (const secret of Object.values(SECRETS)) expect([file, text.includes(secret)]).toEqual([file, false])
    seen.files++
    seen.gate ||= file === output("functions/middleware.func/index.js")
    if (file.startsWith(output("static/_next/")) && file.endsWith(".js")) seen.scripts++
  }
  expect(seen.gate).toBe(true)
  expect(seen.scripts).toBeGreaterThan(5)
})

test("the gate passes the session to the page, which sends no other request to Ory", async () => {
  const gate = await startGate()
  const page = await startPage("dashboard")
  try {
    const { cookie, email } = await createUser()
    const whoamis = (): number => relay.seen.filter((line) => line === "GET /sessions/whoami").length
    const before = whoamis()

    const first = await gate("/dashboard", { ...PAGE_LOAD, cookie })
    expect(first.headers.get("x-middleware-next")).toBe("1")
    expect(first.headers.get("cache-control")).toBe("private, no-store")
    expect(first.headers.get("server-timing")).toContain("session;desc=ory")
    const shown = await page.render(pageHeaders(first))
    expect([shown.status, shown.body.includes(email)]).toEqual([200, true])
    expect(whoamis() - before).toBe(1)

    // With the snapshot, the gate sends no request to Ory either.
    const snapshot = /session_snapshot=[^;]+/.exec(first.headers.get("set-cookie") ?? "")?.[0] ?? ""
    const second = await gate("/dashboard", { ...PAGE_LOAD, cookie: `${cookie}; ${snapshot}` })
    expect(second.headers.get("server-timing")).toContain("session;desc=snapshot")
    const again = await page.render(pageHeaders(second))
    expect([again.status, again.body.includes(email)]).toEqual([200, true])
    expect(whoamis() - before).toBe(1)

    // Without the gate, the page itself redirects. It has begun by then, so Next sends the redirect in the body.
    const withoutGate = await page.render(PAGE_LOAD)
    expect([
      withoutGate.body.includes(email),
      withoutGate.body.includes(`${env.ORY_SDK_URL ?? ""}/self-service/login/browser`),
    ]).toEqual([false, true])
  } finally {
    await page.stop()
  }
})

/** Starts the function that Vercel calls for a page, as a server. */
async function startPage(
  name: string,
): Promise<{ render: (headers: Record<string, string>) => ReturnType<typeof send>; stop: () => Promise<void> }> {
  const func = await realpath(output(`functions/${name}.func`))
  const { handler, filePathMap } = JSON.parse(await readFile(join(func, ".vc-config.json"), "utf8")) as {
    handler: string
    filePathMap: Record<string, string>
  }
  const copy = await mkdtemp(join(tmpdir(), "ory-starter-vercel-"))
  await cp(func, copy, { recursive: true, dereference: true })
  for (const [to, from] of Object.entries(filePathMap)) {
    await mkdir(dirname(join(copy, to)), { recursive: true })
    await cp(join(folder, from), join(copy, to))
  }
  const [port] = await freePorts()
  const server = `require("node:http").createServer(require("./${handler}")).listen(${port}, "localhost")`
  const running = await start(process.execPath, ["-e", server], {
    cwd: copy,
    env: { PATH: process.env.PATH, ...env },
  })
  const url = `http://localhost:${port}`
  const stop = async (): Promise<void> => {
    await running.stop()
    await rm(copy, { recursive: true, force: true })
  }
  await waitForUrl("The page's function", `${url}/${name}`, running)
  // Vercel stores the page's shell, which is empty here, and asks the function for the rest:
  // https://nextjs.org/docs/app/guides/ppr-platform-guide
  const { fallback, chain } = (await json(`functions/${name}.prerender-config.json`)) as {
    fallback: { contentType: string; fsPath: string }
    chain: { headers: Record<string, string> }
  }
  const length = Number(/state-length=(\d+)/.exec(fallback.contentType)?.[1])
  const shell = await readFile(output(`functions/${fallback.fsPath}`))
  expect(shell.length).toBe(length)
  const render = (headers: Record<string, string>): ReturnType<typeof send> =>
    send(url, `/${name}`, {
      method: "POST",
      headers: { ...headers, ...chain.headers, "x-matched-path": `/${name}` },
      body: shell.toString(),
    })
  return { render, stop }
}

test("the gate refuses a signed-out request in the way that fits its kind", async () => {
  const gate = await startGate()
  const { cookie } = await createUser()
  const forged = cookie.replace(
    /(ory_kratos_session=.{20})./,
    (_, kept: string) => `${kept}${kept.endsWith("A") ? "B" : "A"}`,
  )
  expect(forged).not.toBe(cookie)

  const signedOut: Record<string, string>[] = [
    {},
    { cookie: forged },
    { cookie: "ory_kratos_session=" },
    { "x-middleware-subrequest": "middleware:middleware" },
  ]
  for (const headers of signedOut) {
    const page = await gate("/dashboard?tab=1", { ...PAGE_LOAD, ...headers })
    expect(page.status).toBe(303)
    const back = encodeURIComponent(`${setting("APP_URL")}/dashboard?tab=1`)
    expect(page.headers.get("location")).toBe(`${env.ORY_SDK_URL ?? ""}/self-service/login/browser?return_to=${back}`)
    expect(page.headers.get("set-cookie")).toBe("login_redirects=1; Path=/; Max-Age=10; HttpOnly; SameSite=Lax")

    const fetched = await gate("/dashboard", { "sec-fetch-dest": "empty", ...headers })
    // Next writes a relative URL for this origin.
    const login = new URL(fetched.headers.get("location") ?? "", setting("APP_URL"))
    expect([fetched.status, login.href]).toEqual([
      303,
      `${setting("APP_URL")}/auth/login?return_to=${encodeURIComponent(`${setting("APP_URL")}/dashboard`)}`,
    ])

    const api = await gate("/api/me", headers)
    expect([api.status, JSON.parse(api.body)]).toMatchObject([401, { error: { code: "unauthenticated" } }])
  }

  // The gate removes its own headers from the request of a client.
  const open = await gate("/", { ...PAGE_LOAD, "x-session-handoff": "forged", "x-nonce": "forged" })
  expect(open.headers.get("x-middleware-next")).toBe("1")
  expect(Object.values(pageHeaders(open))).not.toContain("forged")
})

test("the gate asks for a missing second factor", async ({ page, newAccount }) => {
  const cookie = await signInWithoutSecondFactor(page, newAccount)
  const gate = await startGate()
  const { status, headers } = await gate("/dashboard", { ...PAGE_LOAD, cookie })
  expect([status, new URL(headers.get("location") ?? "").searchParams.get("aal")]).toEqual([303, "aal2"])
  const api = await gate("/api/me", { cookie })
  expect([api.status, JSON.parse(api.body)]).toMatchObject([403, { error: { code: "session_aal2_required" } }])
})

test("the gate creates the flow of a sign-in page, and the browser gets Ory's cookie for it", async () => {
  const gate = await startGate()
  const { status, headers } = await gate("/auth/login?return_to=/account")
  const shown = new URL(headers.get("x-middleware-rewrite") ?? "")
  const flow = shown.searchParams.get("flow") ?? ""
  expect([status, shown.pathname, shown.searchParams.get("return_to")]).toEqual([200, "/auth/login", "/account"])
  const [csrf = "", marker] = headers.getSetCookie()
  expect(csrf).toMatch(/^csrf_token_[^;]+;/)
  expect(marker).toBe(`sign_in_flow=${flow}; Path=/auth/login; Max-Age=60; SameSite=Lax`)
  const cookie = pageHeaders({ status, headers, body: "" }).cookie ?? ""
  expect(csrf).toContain(cookie)
  const found = await fetch(`${setting("ORY_URL")}/self-service/login/flows?id=${flow}`, { headers: { cookie } })
  expect([found.status, ((await found.json()) as { return_to: string }).return_to]).toEqual([
    200,
    `${setting("APP_URL")}/account`,
  ])

  const { cookie: session } = await createUser()
  const signedIn = await gate("/auth/login?return_to=/account", { ...PAGE_LOAD, cookie: session })
  expect([signedIn.status, new URL(signedIn.headers.get("location") ?? "", setting("APP_URL")).pathname]).toEqual([
    303,
    "/account",
  ])
})

for (const [where, variables, requests] of [
  ["one whoami request", {}, 1],
  ["one whoami request each on Vercel, whose edge may forbid that they share it", { VERCEL: "1" }, 20],
] as const)
  test(`twenty parallel requests at the gate cause ${where}`, async () => {
    const gate = await startGate({ ...env, ...variables })
    const { cookie } = await createUser()
    relay.delay = 300
    try {
      relay.seen.length = 0
      const responses = await Promise.all(
        Array.from({ length: 20 }, () => gate("/dashboard", { ...PAGE_LOAD, cookie })),
      )
      for (const { headers } of responses) expect(headers.get("x-middleware-next")).toBe("1")
      expect(relay.seen).toEqual(Array<string>(requests).fill("GET /sessions/whoami"))
    } finally {
      relay.delay = await Promise.resolve(0)
    }
  })

for (const fault of ["gone", "hang", "429", "500", "redirect", "html", "half"] as const)
  test(`while Ory fails (${fault}), the gate responds with 503 in time and keeps users signed in`, async () => {
    const gate = await startGate()
    const { cookie } = await createUser()
    await (fault === "gone" ? relay.stop() : set(fault))
    try {
      const before = Date.now()
      const page = await gate("/dashboard", { ...PAGE_LOAD, cookie })
      expect(Date.now() - before).toBeLessThan(4000)
      expect([page.status, page.headers.get("retry-after"), page.headers.get("cache-control")]).toEqual([
        503,
        "5",
        "private, no-store",
      ])
      expect(new URL(page.headers.get("x-middleware-rewrite") ?? "").pathname).toBe("/unavailable")
      expect([page.headers.get("set-cookie"), page.headers.get("location")]).toEqual([null, null])
      const api = await gate("/api/me", { cookie })
      expect([api.status, JSON.parse(api.body)]).toMatchObject([503, { error: { code: "ory_unavailable" } }])
    } finally {
      await (fault === "gone" ? relay.start() : set("none"))
    }
    const page = await gate("/dashboard", { ...PAGE_LOAD, cookie })
    expect(page.headers.get("x-middleware-next")).toBe("1")
  })

async function set(fault: Fault): Promise<void> {
  relay.fault = await Promise.resolve(fault)
}

test("on a preview deployment, the browser reaches Ory through the gate", async () => {
  const preview = "starter-git-feature.vercel.app"
  const previewVariables = {
    VERCEL: "1",
    VERCEL_ENV: "preview",
    VERCEL_URL: preview,
    VERCEL_PROJECT_PRODUCTION_URL: "starter.vercel.app",
  }
  // The base URL of this Ory.
  const gate = await startGate(
    { ...env, ...previewVariables, ORY_SDK_URL: setting("ORY_URL"), APP_URL: "", ORY_PROXY: "on" },
    `https://${preview}`,
  )

  const page = await gate("/dashboard")
  const login = new URL(page.headers.get("location") ?? "", `https://${preview}`)
  expect([page.status, login.origin, login.pathname]).toEqual([
    303,
    `https://${preview}`,
    "/self-service/login/browser",
  ])
  expect(login.searchParams.get("return_to")).toBe(`https://${preview}/dashboard`)
  expect(page.headers.get("content-security-policy")).not.toContain("localhost")
  expect(page.headers.get("strict-transport-security")).not.toBeNull()

  const flow = await gate("/self-service/login/browser", { accept: "application/json" })
  expect(flow.status).toBe(200)
  expect(flow.body).toContain(`"https://${preview}/self-service/login?flow=`)
  expect(flow.body).not.toContain(new URL(setting("ORY_URL")).host)
  expect(flow.headers.get("set-cookie")).toMatch(/^csrf_token_[^;]+;.*; Secure$/)
  expect(flow.headers.get("set-cookie")).not.toMatch(/domain=/i)
})

test("without a required variable, the gate handles no request and names the variable", async () => {
  // Next's check at the start rejects before it awaits the gate's own module, which rejects too. Nothing handles that rejection.
  const listeners = process.rawListeners("unhandledRejection") as NodeJS.UnhandledRejectionListener[]
  process.removeAllListeners("unhandledRejection").on("unhandledRejection", () => undefined)
  try {
    for (const name of ["ORY_SDK_URL", "APP_URL"]) {
      const gate = await startGate({ ...env, [name]: "" })
      await expect(gate("/dashboard")).rejects.toThrow(`${name} is not set`)
    }
    // Rejections are reported after the current tasks.
    await setTimeout(100)
  } finally {
    process.removeAllListeners("unhandledRejection")
    for (const listener of listeners) process.on("unhandledRejection", listener)
  }
})
