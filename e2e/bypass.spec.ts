import { readFile, rm } from "node:fs/promises"
import { join } from "node:path"
import { isApi } from "../lib/routes"
import { freePorts, run } from "../scripts/processes"
import { attacks, prepare, protectedRoutes, sendAll } from "./attacks"
import { expect, test } from "./fixtures"
import { PAGE_LOAD, send, signedIn, type SignedIn } from "./http"
import { copyProject, startApp } from "./servers"
import { sessionSecret, setting } from "./settings"

/**
 * Nobody without a session gets a byte of a protected page, whatever they send. The routes are those that the build lists,
 * so a new page is covered by default. Everything runs twice: through the gate, and on a build without a gate.
 */

/** The parts of an answer that only someone signed in may see: who they are, and the frame around every protected page. */
function secrets(victim: SignedIn): string[] {
  return [victim.email, victim.identityId, victim.sessionId, "/auth/sign-out"]
}

/** Tries everything. Returns how often, and which requests ended in a server error. */
async function attackAll(appUrl: string, folder: string): Promise<{ cases: number; errors: string[] }> {
  const victim = await signedIn(setting("ORY_URL"), setting("ORY_ADMIN_URL"))
  const context = await prepare(folder, appUrl, victim)
  expect(context.actions.length).toBeGreaterThanOrEqual(3)
  const routes = await protectedRoutes(folder)
  expect(routes).toEqual(expect.arrayContaining(["/dashboard", "/account", "/account/settings", "/api/me"]))

  // What the user sees, first: so that the check below can fail, and so that there is something to leak.
  for (const route of ["/dashboard", "/account", "/api/me"]) {
    const answer = await send(appUrl, route, { headers: { ...PAGE_LOAD, cookie: victim.cookie } })
    expect(answer.status, route).toBe(200)
    expect(answer.body.includes(victim.email), route).toBe(true)
    if (!isApi(route)) expect(answer.body.includes("/auth/sign-out"), route).toBe(true)
  }

  let cases = 0
  const leaks: string[] = []
  const errors: string[] = []
  for (const route of routes)
    for (const { attack, answer } of await sendAll(appUrl, await attacks(route, context))) {
      cases++
      const seen = secrets(victim).filter((secret) => answer.body.includes(secret))
      const set = Object.values(answer.headers)
        .flat()
        .filter((value) => value?.includes("session_snapshot="))
      if (seen.length > 0 || set.length > 0) leaks.push(`${route}, ${attack.name}: ${[...seen, ...set].join(" ")}`)
      if (answer.status >= 500) errors.push(`${route}, ${attack.name}: ${answer.status}`)
    }
  expect(leaks).toEqual([])
  // The user is still signed in, and their name is unchanged.
  const me = await send(appUrl, "/api/me", { headers: { cookie: victim.cookie } })
  expect([me.status, me.body.includes("Mallory")]).toEqual([200, false])

  // A control: with a session, the same request changes the name.
  const saveName = context.actions.find(({ name }) => name === "saveName")
  const headers = { ...context.form.headers, origin: appUrl, cookie: victim.cookie, "next-action": saveName?.id }
  expect((await send(appUrl, "/account", { method: "POST", headers, body: context.form.body })).status).toBe(200)
  expect((await send(appUrl, "/api/me", { headers: { cookie: victim.cookie } })).body).toContain("Mallory")
  return { cases, errors }
}

test("no request without a session gets a protected byte", async () => {
  const { cases, errors } = await attackAll(setting("APP_URL"), ".")
  expect(errors).toEqual([])
  console.log(`      ${cases} requests tried to get past the gate`)
})

test("a path that the gate's matcher leaves out has a policy, and no frame can show it", async () => {
  const paths = ["/_next/static/missing.js", "/_next/static/missing", "/_next/image?url=%2Fdashboard&w=64&q=75"]
  for (const path of paths) {
    const { status, headers } = await send(setting("APP_URL"), path, { headers: PAGE_LOAD })
    expect([path, status]).toEqual([path, path.startsWith("/_next/image") ? 400 : 404])
    expect(headers["content-security-policy"], path).toMatch(/^default-src 'self';.*; frame-ancestors 'none'$/)
  }
})

test("Next answers GET * and TRACE with 500, before the gate: SECURITY.md says so", async () => {
  expect((await send(setting("APP_URL"), "*")).status).toBe(500)
  expect((await send(setting("APP_URL"), "/dashboard", { method: "TRACE" })).status).toBe(500)
})

test("nor does it where there is no gate at all", async () => {
  test.setTimeout(600_000)
  const folder = await copyProject({ without: "middleware.ts" })
  await rm(join(folder, "lib/gate.test.ts"))
  const env = { ...process.env, ORY_SDK_URL: setting("ORY_URL"), SESSION_SECRET: sessionSecret }
  await run("npm", ["run", "build"], { cwd: folder, env })
  const manifest = JSON.parse(await readFile(join(folder, ".next/server/middleware-manifest.json"), "utf8")) as {
    middleware: object
  }
  expect(manifest.middleware).toEqual({})

  const [port] = await freePorts()
  const stop = await startApp(
    port,
    { ORY_SDK_URL: setting("ORY_URL"), APP_URL: `http://localhost:${port}` },
    undefined,
    folder,
  )
  try {
    // Without the gate, Next answers some of these requests with 500. Only leaks count here.
    const { cases } = await attackAll(`http://localhost:${port}`, folder)
    console.log(`      ${cases} requests tried to get in where there is no gate`)
  } finally {
    await stop()
    await rm(folder, { recursive: true, force: true })
  }
})
