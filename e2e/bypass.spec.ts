import { readFile, rm } from "node:fs/promises"
import type { OutgoingHttpHeaders } from "node:http"
import { join } from "node:path"
import { EncryptJWT } from "jose"
import { isApi, isPublic } from "../lib/routes"
import { freePorts, run } from "../scripts/processes"
import { expect, test } from "./fixtures"
import { PAGE_LOAD, send, signedIn, type SignedIn } from "./http"
import { copyProject, startApp } from "./servers"
import { setting } from "./settings"

/**
 * Nobody without a session gets a byte of a protected page, whatever they send. The routes are those that the build lists,
 * so a new page is covered by existing. Everything runs twice: through the gate, and on a build that has none.
 */

interface Attack {
  name: string
  path: string
  method?: string
  headers?: OutgoingHttpHeaders
  body?: string
}

/** What the build protects, with something in the place of each parameter. */
async function protectedRoutes(): Promise<string[]> {
  const manifest = JSON.parse(await readFile(".next/app-path-routes-manifest.json", "utf8")) as Record<string, string>
  return Object.values(manifest)
    .map((route) => route.replace(/\[+(?:\.\.\.)?(\w+)\]+/g, "$1"))
    .filter((route) => !isPublic(route))
}

/** Every way in that anyone has published, and some that nobody has. */
function attacks(route: string, buildId: string, forged: Forged, appUrl: string, actions: readonly string[]): Attack[] {
  const page = route.slice(1)
  const [first = ""] = page
  const get = (name: string, path: string, headers: OutgoingHttpHeaders = {}): Attack => ({ name, path, headers })
  const five = (word: string): string => Array<string>(5).fill(word).join(":")
  const flight = { rsc: "1", accept: "*/*", "sec-fetch-dest": "empty" }
  const tree = encodeURIComponent(JSON.stringify(["", { children: ["__PAGE__", {}] }, null, "refetch"]))
  const action = "7f0000000000000000000000000000000000000000"

  return [
    get("as a page", route, PAGE_LOAD),
    get("as nothing in particular", route),
    get("as a client that wants JSON", route, { accept: "application/json" }),
    ...["HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"].map((method) => ({ name: method, path: route, method })),

    get("RSC", route, flight),
    get("RSC with its query", `${route}?_rsc=abc12`, flight),
    get("RSC with a router state", route, { ...flight, "next-router-state-tree": tree }),
    get("RSC as a page load", route, { ...PAGE_LOAD, rsc: "1" }),
    get(".rsc", `${route}.rsc`),
    get(".rsc and RSC", `${route}.rsc`, flight),
    get(".rsc twice", `${route}.rsc.rsc`),
    get("prefetch.rsc", `${route}.prefetch.rsc`, flight),
    get("prefetch", route, { ...flight, "next-router-prefetch": "1" }),
    get("prefetch of everything", route, { ...flight, "next-router-prefetch": "2" }),
    get("prefetch by the browser", route, { ...PAGE_LOAD, "sec-purpose": "prefetch;prerender", purpose: "prefetch" }),
    ...["/_tree", "/_full", "/_index", "/_head", `/${page}/__PAGE__`, route].flatMap((segment) => [
      get(`segment ${segment}`, route, { ...flight, "next-router-prefetch": "1", "next-router-segment-prefetch": segment }),
      get(`segment file ${segment}`, `${route}.segments${segment}.segment.rsc`, flight),
    ]),

    get("_next/data", `/_next/data/${buildId}${route}.json`),
    get("_next/data with its header", `/_next/data/${buildId}${route}.json`, { "x-nextjs-data": "1" }),
    get("_next/data of another build", `/_next/data/other${route}.json`, { "x-nextjs-data": "1" }),
    get("x-nextjs-data", route, { "x-nextjs-data": "1" }),
    get("__nextDataReq", `${route}?__nextDataReq=1`),

    ...["middleware", "src/middleware", "pages/_middleware", "app/middleware", "proxy", "src/proxy"].flatMap((word) => [
      get(`subrequest ${word}`, route, { ...PAGE_LOAD, "x-middleware-subrequest": word }),
      get(`subrequest ${word} five times`, route, { ...PAGE_LOAD, "x-middleware-subrequest": five(word) }),
    ]),
    get("subrequest id", route, { "x-middleware-subrequest": five("middleware"), "x-middleware-subrequest-id": "1".repeat(16) }),
    get("x-middleware-prefetch", route, { "x-middleware-prefetch": "1" }),
    get("x-middleware-next", route, { "x-middleware-next": "1" }),
    get("x-middleware-rewrite", "/", { "x-middleware-rewrite": route }),
    get("x-middleware-invoke", "/", { "x-invoke-path": route, "x-middleware-invoke": "1", "x-invoke-status": "200" }),
    get("x-matched-path", "/", { "x-matched-path": route, "x-now-route-matches": `nxtPmissing=${page}` }),
    get("x-original-url", "/", { "x-original-url": route, "x-rewrite-url": route, "x-forwarded-uri": route }),
    get("header overrides", route, {
      "x-middleware-override-headers": "cookie,x-session-handoff",
      "x-middleware-request-cookie": forged.cookie,
      "x-middleware-request-x-session-handoff": forged.handoff,
    }),
    get("next-resume", route, { "next-resume": "1" }),
    get("route parameters", `/auth/login?nxtPmissing=${page}&nxtIpage=${page}`),
    get("locale", `/en${route}`, { "accept-language": "en" }),
    get("locale by query", `${route}?__nextLocale=en&__nextDefaultLocale=en`),

    get("a slash behind", `${route}/`, PAGE_LOAD),
    get("two slashes behind", `${route}//`, PAGE_LOAD),
    get("two slashes before", `/${route}`, PAGE_LOAD),
    get("slashes doubled", route.replaceAll("/", "//"), PAGE_LOAD),
    get("a backslash before", `/\\${page}`, PAGE_LOAD),
    get("an encoded slash before", `/%2f${page}`, PAGE_LOAD),
    get("an encoded slash behind", `${route}%2f`, PAGE_LOAD),
    get("an encoded letter", `/%${first.charCodeAt(0).toString(16)}${page.slice(1)}`, PAGE_LOAD),
    get("a letter encoded twice", `/%25${first.charCodeAt(0).toString(16)}${page.slice(1)}`, PAGE_LOAD),
    get("upper case", route.toUpperCase(), PAGE_LOAD),
    get("a dot", `/.${route}`, PAGE_LOAD),
    get("an encoded zero byte", `${route}%00`, PAGE_LOAD),
    get("a path parameter", `${route};jsessionid=1`, PAGE_LOAD),
    get("from a public path up", `/auth/..${route}`, PAGE_LOAD),
    get("from a public path up, encoded", `/auth/%2e%2e${route}`, PAGE_LOAD),
    get("from a public path up, slash encoded", `/auth/..%2f${page}`, PAGE_LOAD),
    get("from a public file up", `/icon.svg/..${route}`, PAGE_LOAD),
    get("below a public file", `/icon.svg${route}`, PAGE_LOAD),
    get("from static files up", `/_next/static/../..${route}`, PAGE_LOAD),
    get("from static files up, encoded", `/_next/static/%2e%2e/%2e%2e${route}`, PAGE_LOAD),
    get("from static files up, slash encoded", `/_next/static/..%2f..%2f${page}`, PAGE_LOAD),
    get("from images up", `/_next/image/../..${route}`, PAGE_LOAD),
    get("as an image", `/_next/image?url=${encodeURIComponent(route)}&w=64&q=75`),
    get("a static file's name behind", `${route}/_next/static/x.js`),
    get("the whole URL", `http://localhost${route}`, PAGE_LOAD),
    get("the whole URL of another host", `http://evil.example${route}`, { ...PAGE_LOAD, host: "evil.example" }),
    get("a fragment", `${route}#x`, PAGE_LOAD),
    get("a public path as query", `${route}?/auth/login`, PAGE_LOAD),

    { name: "a made-up action", path: route, method: "POST", headers: { "next-action": action, "content-type": "text/plain;charset=UTF-8" }, body: "[]" },
    ...actions.map((id) => ({
      name: `the action ${id.slice(0, 8)}`,
      path: route,
      method: "POST",
      headers: { "next-action": id, origin: appUrl, "content-type": "multipart/form-data; boundary=x" },
      // What Next's client sends for an action with a state and a form.
      body: [["1_id", forged.sessionId], ["1_first", "Mallory"], ["0", '[{"values":{}},"$K1"]']]
        .map(([name = "", value = ""]) => `--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
        .join("")
        .concat("--x--\r\n"),
    })),
    { name: "an action's header on a GET", path: route, headers: { ...PAGE_LOAD, "next-action": action } },
    {
      name: "a form of an action",
      path: route,
      method: "POST",
      headers: { "content-type": "multipart/form-data; boundary=x", origin: "http://evil.example" },
      body: `--x\r\ncontent-disposition: form-data; name="$ACTION_ID_${action}"\r\n\r\n\r\n--x--\r\n`,
    },

    get("a forged handoff", route, { ...PAGE_LOAD, "x-session-handoff": forged.handoff }),
    get("a forged handoff for a forged cookie", route, { ...PAGE_LOAD, cookie: forged.cookie, "x-session-handoff": forged.handoff }),
    get("an unsealed handoff", route, { ...PAGE_LOAD, "x-session-handoff": forged.unsealed }),
    get("a forged snapshot", route, { ...PAGE_LOAD, cookie: `session_snapshot=${forged.handoff}` }),
    get("a forged snapshot for a forged cookie", route, { ...PAGE_LOAD, cookie: `${forged.cookie}; session_snapshot=${forged.handoff}` }),
    get("a forged snapshot of the other name", route, { ...PAGE_LOAD, cookie: `${forged.cookie}; __Host-session_snapshot=${forged.handoff}` }),
    get("a forged Ory cookie", route, { ...PAGE_LOAD, cookie: forged.cookie }),
    get("a forged Ory Network cookie", route, { ...PAGE_LOAD, cookie: "ory_session_demo=forged" }),
    get("the cookie of a session that was ended", route, { ...PAGE_LOAD, cookie: forged.ended }),
    get("forged headers", route, {
      ...PAGE_LOAD,
      "x-request-path": "/",
      "x-nonce": "x",
      "x-user": forged.email,
      "x-session-token": "forged",
      "x-kratos-authenticated-identity-id": forged.identityId,
      authorization: "Bearer forged",
      "x-forwarded-host": "localhost:3000",
      "x-forwarded-for": "127.0.0.1",
      "x-forwarded-proto": "https",
    }),
  ]
}

interface Forged {
  /** Sealed as the app does it, with a secret that is not the app's. */
  handoff: string
  unsealed: string
  cookie: string
  /** The cookie of a session that was real. */
  ended: string
  email: string
  identityId: string
  sessionId: string
}

async function forge(victim: SignedIn): Promise<Forged> {
  const session = {
    id: victim.sessionId,
    authenticated_at: new Date().toISOString(),
    expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    authenticator_assurance_level: "aal2",
    authentication_methods: [],
    identity: { id: victim.identityId, traits: { email: victim.email } },
  }
  const claims = { verdict: { outcome: "active", session } }
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")
  const handoff = await new EncryptJWT(claims)
    .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
    .setExpirationTime("1h")
    .encrypt(new Uint8Array(32))
  const other = await signedIn(setting("ORY_URL"), setting("ORY_ADMIN_URL"))
  await fetch(`${setting("ORY_ADMIN_URL")}/admin/sessions/${other.sessionId}`, { method: "DELETE" })
  return {
    handoff,
    unsealed: `${encode({ alg: "none" })}.${encode({ ...claims, exp: 9_999_999_999 })}.`,
    cookie: "ory_kratos_session=MTcwMDAwMDAwMHxmb3JnZWR8Zm9yZ2Vk",
    ended: other.cookie,
    email: victim.email,
    identityId: victim.identityId,
    sessionId: victim.sessionId,
  }
}

/** The parts of an answer that only someone signed in may see: who they are, and the frame around every protected page. */
function secrets(victim: SignedIn): string[] {
  return [victim.email, victim.identityId, victim.sessionId, "/auth/sign-out"]
}

/** Tries everything. Returns how often, and which requests ended in an error of the server. */
async function attackAll(appUrl: string, folder: string): Promise<{ cases: number; errors: string[] }> {
  const victim = await signedIn(setting("ORY_URL"), setting("ORY_ADMIN_URL"))
  const forged = await forge(victim)
  const buildId = (await readFile(join(folder, ".next/BUILD_ID"), "utf8")).trim()
  const manifest = JSON.parse(await readFile(join(folder, ".next/server/server-reference-manifest.json"), "utf8")) as { node: object }
  const actions = Object.keys(manifest.node)
  expect(actions.length).toBeGreaterThanOrEqual(3)
  const routes = await protectedRoutes()
  expect(routes).toEqual(expect.arrayContaining(["/dashboard", "/account", "/account/settings", "/api/me"]))

  // Where the person themselves looks, first: so that the check below can fail, and so that there is something to leak.
  for (const route of ["/dashboard", "/account", "/api/me"]) {
    const answer = await send(appUrl, route, { headers: { ...PAGE_LOAD, cookie: victim.cookie } })
    expect(answer.status, route).toBe(200)
    expect(answer.body.includes(victim.email), route).toBe(true)
    if (!isApi(route)) expect(answer.body.includes("/auth/sign-out"), route).toBe(true)
  }

  let cases = 0
  const leaks: string[] = []
  const errors: string[] = []
  for (const route of routes) {
    const all = attacks(route, buildId, forged, appUrl, actions)
    const answers = await Promise.all(all.map(async (attack) => ({ attack, answer: await send(appUrl, attack.path, attack) })))
    for (const { attack, answer } of answers) {
      cases++
      const seen = secrets(victim).filter((secret) => answer.body.includes(secret))
      const set = Object.values(answer.headers).flat().filter((value) => value?.includes("session_snapshot="))
      if (seen.length > 0 || set.length > 0) leaks.push(`${route}, ${attack.name}: ${[...seen, ...set].join(" ")}`)
      if (answer.status >= 500) errors.push(`${route}, ${attack.name}: ${answer.status}`)
    }
  }
  expect(leaks).toEqual([])
  // Whose session it was is still signed in.
  expect((await send(appUrl, "/api/me", { headers: { cookie: victim.cookie } })).status).toBe(200)
  return { cases, errors }
}

test("no request without a session gets a protected byte", async () => {
  const { cases, errors } = await attackAll(setting("APP_URL"), ".")
  expect(errors).toEqual([])
  console.log(`      ${cases} requests tried to get past the gate`)
})

test("nor does it where there is no gate at all", async () => {
  test.setTimeout(600_000)
  const folder = await copyProject({ without: "middleware.ts" })
  await rm(join(folder, "lib/gate.test.ts"))
  const env = { ...process.env, ORY_SDK_URL: setting("ORY_URL"), SESSION_SECRET: "only for tests and long enough for it" }
  await run("npm", ["run", "build"], { cwd: folder, env })
  const manifest = JSON.parse(await readFile(join(folder, ".next/server/middleware-manifest.json"), "utf8")) as { middleware: object }
  expect(manifest.middleware).toEqual({})

  const [port] = await freePorts()
  const stop = await startApp(port, { ORY_SDK_URL: setting("ORY_URL"), APP_URL: `http://localhost:${port}` }, undefined, folder)
  try {
    // Next's own page for errors answers 500, so only what leaks counts here.
    const { cases } = await attackAll(`http://localhost:${port}`, folder)
    console.log(`      ${cases} requests tried to get in where there is no gate`)
  } finally {
    await stop()
    await rm(folder, { recursive: true, force: true })
  }
})
