import { rm } from "node:fs/promises"
import { freePorts } from "./ports"
import { attacks, prepare, protectedRoutes, sendAll } from "./attacks"
import { expect, test } from "./fixtures"
import { createUser, PAGE_LOAD, send, setRole, type Answer, type SignedIn } from "./http"
import { Relay } from "./relay"
import { copyBuildWithoutGate, startApp } from "./servers"
import { setting } from "./settings"
import { texts } from "./texts"

/**
 * A request gets nothing of a page that its session does not permit, whatever its form. The tests take the routes from the build, so
 * they cover new pages by default. They run twice: with the gate, and on a copy of the build without the gate.
 */

/** Parts of a response that only a signed-in user may see: their data, and the sign-out form of every protected page. */
function secrets(victim: SignedIn): string[] {
  return [victim.email, victim.identityId, victim.sessionId, SIGN_OUT]
}

/** The action of the sign-out form. */
const SIGN_OUT = "/auth/sign-out"

/** The control runs on a page with an action, and on a route handler. */
const [PAGE, API] = ["/account", "/api/me"]

/** Sends every form of request to every route. Returns their number, and those that ended in a server error. */
async function attackAll(appUrl: string, folder: string): Promise<{ cases: number; errors: string[] }> {
  const victim = await createUser()
  const context = await prepare(folder, appUrl, victim)
  const saveName = context.actions.find(({ name }) => name === "saveName")
  expect(saveName).toBeDefined()
  // Every action on one page. The gate decides by the path, so one action is enough for the other paths.
  const oneAction = { ...context, actions: context.actions.slice(0, 1) }
  const routes = await protectedRoutes(folder)
  expect(routes).toEqual(expect.arrayContaining([PAGE, API]))

  // A control: with a session, the responses contain these secrets. Otherwise the check below could not fail.
  for (const route of [PAGE, API]) {
    const answer = await send(appUrl, route, { headers: { ...PAGE_LOAD, cookie: victim.cookie } })
    expect(answer.status, route).toBe(200)
    expect(answer.body.includes(victim.email), route).toBe(true)
    if (route === PAGE) expect(answer.body.includes(SIGN_OUT), route).toBe(true)
  }

  let cases = 0
  const leaks: string[] = []
  const errors: string[] = []
  for (const route of routes)
    for (const { attack, answer } of await sendAll(
      appUrl,
      await attacks(route, route === PAGE ? context : oneAction),
    )) {
      cases++
      const seen = secrets(victim).filter((secret) => answer.body.includes(secret))
      const set = Object.values(answer.headers)
        .flat()
        .filter((value) => value?.includes("session_snapshot="))
      if (seen.length > 0 || set.length > 0) leaks.push(`${route}, ${attack.name}: ${[...seen, ...set].join(" ")}`)
      if (answer.status >= 500) errors.push(`${route}, ${attack.name}: ${answer.status}`)
    }
  expect(leaks).toEqual([])
  // The user is still signed in, and the name is unchanged.
  const me = await send(appUrl, API, { headers: { cookie: victim.cookie } })
  expect([me.status, me.body.includes("Mallory")]).toEqual([200, false])

  // A control: with a session, the same request changes the name.
  const headers = { ...context.form.headers, origin: appUrl, cookie: victim.cookie, "next-action": saveName?.id }
  expect((await send(appUrl, PAGE, { method: "POST", headers, body: context.form.body })).status).toBe(200)
  expect((await send(appUrl, API, { headers: { cookie: victim.cookie } })).body).toContain("Mallory")
  return { cases, errors }
}

/** A page that requires a role, and a text that only users with that role see. */
const ADMIN = { page: "/admin", text: Buffer.from(texts.adminIntro).toString("latin1") }

/** Sends every form of request to the page, with the session of a user who does not have the role. */
async function attackWithoutRole(appUrl: string, folder: string): Promise<{ cases: number; errors: string[] }> {
  const user = await createUser()
  const context = await prepare(folder, appUrl, user)
  const errors: string[] = []
  const all = (await attacks(ADMIN.page, context)).map((attack) => ({
    ...attack,
    headers: { ...attack.headers, cookie: [user.cookie, attack.headers?.cookie].filter(Boolean).join("; ") },
  }))
  for (const { attack, answer } of await sendAll(appUrl, all)) {
    expect(answer.body, attack.name).not.toContain(ADMIN.text)
    if (answer.status >= 500) errors.push(`${attack.name}: ${answer.status}`)
  }

  // A control: with the role, the page shows the text.
  const load = (): Promise<Answer> => send(appUrl, ADMIN.page, { headers: { ...PAGE_LOAD, cookie: user.cookie } })
  await setRole(user.identityId, "admin")
  expect((await load()).body).toContain(ADMIN.text)
  return { cases: all.length, errors }
}

test("a request without a session gets nothing of a protected page", async () => {
  const { cases, errors } = await attackAll(setting("APP_URL"), ".")
  expect(errors).toEqual([])
  console.log(`      ${cases} requests with the gate`)
})

test("a user without the role gets nothing of a page that requires one", async () => {
  const { cases, errors } = await attackWithoutRole(setting("APP_URL"), ".")
  expect(errors).toEqual([])
  console.log(`      ${cases} requests with the gate`)
})

test("paths outside of the gate's matcher have a content security policy that forbids framing", async () => {
  const paths = ["/_next/static/missing.js", "/_next/static/missing", "/_next/image?url=%2Fdashboard&w=64&q=75"]
  for (const path of paths) {
    const { status, headers } = await send(setting("APP_URL"), path, { headers: PAGE_LOAD })
    expect([path, status]).toEqual([path, path.startsWith("/_next/image") ? 400 : 404])
    expect(headers["content-security-policy"], path).toMatch(/^default-src 'self';.*; frame-ancestors 'none'$/)
  }
})

test("Next responds to GET * and TRACE with 500 before the gate runs, as SECURITY.md says", async () => {
  expect((await send(setting("APP_URL"), "*")).status).toBe(500)
  expect((await send(setting("APP_URL"), "/dashboard", { method: "TRACE" })).status).toBe(500)
})

test("requests get nothing that their session does not permit on a build without the gate", async () => {
  test.setTimeout(180_000)
  const folder = await copyBuildWithoutGate()

  const [port, relayPort] = await freePorts()
  const appUrl = `http://localhost:${port}`
  const relay = new Relay(relayPort, Number(new URL(setting("ORY_URL")).port))
  await relay.start()
  const stop = await startApp(
    port,
    { ORY_SDK_URL: `http://localhost:${relayPort}`, APP_URL: appUrl },
    undefined,
    folder,
  )
  try {
    // A control: the gate would respond with 303.
    expect((await send(appUrl, PAGE, { headers: PAGE_LOAD })).status).toBe(200)
    // Without the gate, Next responds to some of these requests with 500. This test looks for leaks only.
    const { cases } = await attackAll(appUrl, folder)
    const withoutRole = await attackWithoutRole(appUrl, folder)
    console.log(`      ${cases + withoutRole.cases} requests without the gate`)

    // Next renders a page twice, the second time for the router's cache. The second time must not reach Ory.
    const { cookie } = await createUser()
    relay.seen.length = 0
    expect((await send(appUrl, PAGE, { headers: { ...PAGE_LOAD, cookie } })).status).toBe(200)
    expect(relay.seen).toEqual(["GET /sessions/whoami"])
  } finally {
    await stop()
    await relay.stop()
    await rm(folder, { recursive: true, force: true })
  }
})
