import { randomUUID } from "node:crypto"
import { readFile } from "node:fs/promises"
import type { OutgoingHttpHeaders } from "node:http"
import { createRequire } from "node:module"
import { join } from "node:path"
import { EncryptJWT } from "jose"
import { accessTo } from "../lib/routes"
import { createUser, PAGE_LOAD, revokeSession, send, type Answer, type SignedIn } from "./http"

/** Every form of request that might reach a protected route without a session. Several suites share this list. */

export interface Attack {
  name: string
  path: string
  method?: string
  headers?: OutgoingHttpHeaders
  body?: string
}

/** The values from which the attacks against one build are made. */
export interface Context {
  appUrl: string
  buildId: string
  forged: Forged
  /** Id and name of every server action in the build. */
  actions: readonly ServerAction[]
  /** The arguments of a form's action, encoded as Next's client encodes them. */
  form: Encoded
}

export interface ServerAction {
  id: string
  name: string
}

interface Encoded {
  headers: OutgoingHttpHeaders
  body: string
}

/** Reads the build in `folder`, which the app at `appUrl` serves, and forges cookies and headers as an attacker could. */
export async function prepare(folder: string, appUrl: string, victim: SignedIn): Promise<Context> {
  const manifest = JSON.parse(await readFile(join(folder, ".next/server/server-reference-manifest.json"), "utf8")) as {
    node: Record<string, { exportedName: string }>
  }
  return {
    appUrl,
    buildId: (await readFile(join(folder, ".next/BUILD_ID"), "utf8")).trim(),
    forged: await forge(victim),
    actions: Object.entries(manifest.node).map(([id, { exportedName }]) => ({ id, name: exportedName })),
    form: await encodeForm({ id: victim.sessionId, first: "Mallory", last: "" }),
  }
}

/** Prepares attacks against a deployment, whose build is not on this machine. */
export async function prepareRemote(appUrl: string, email: string): Promise<Context> {
  const victim = { email, identityId: randomUUID(), sessionId: randomUUID() }
  return {
    appUrl,
    buildId: "unknown",
    forged: await forgedValues(victim, "ory_kratos_session=cmV2b2tlZA"),
    actions: [],
    form: await encodeForm({ id: victim.sessionId, first: "Mallory", last: "" }),
  }
}

/** The protected routes of the build in `folder`, with a value for each parameter. */
export async function protectedRoutes(folder: string): Promise<string[]> {
  const manifest = JSON.parse(await readFile(join(folder, ".next/app-path-routes-manifest.json"), "utf8")) as Record<
    string,
    string
  >
  return Object.values(manifest)
    .map((route) => route.replace(/\[+(?:\.\.\.)?(\w+)\]+/g, "$1"))
    .filter((route) => !accessTo(route).public)
}

/** Sends all attacks, 50 at a time. */
export async function sendAll(appUrl: string, all: readonly Attack[]): Promise<{ attack: Attack; answer: Answer }[]> {
  const answers: { attack: Attack; answer: Answer }[] = []
  for (let start = 0; start < all.length; start += 50)
    answers.push(
      ...(await Promise.all(
        all
          .slice(start, start + 50)
          .map(async (attack) => ({ attack, answer: await send(appUrl, attack.path, attack) })),
      )),
    )
  return answers
}

/** Loads an internal module of Next. */
function next(path: string): unknown {
  return createRequire(import.meta.url)(`next/dist/${path}`)
}

/** Encodes the arguments of a `useActionState` action with the React that Next ships, so that the field names are the current ones. */
async function encodeForm(fields: Readonly<Record<string, string>>): Promise<Encoded> {
  const react = next("compiled/react-server-dom-turbopack/client.node") as {
    encodeReply: (args: unknown[]) => Promise<string | FormData>
  }
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  const request = new Request("http://localhost", {
    method: "POST",
    body: await react.encodeReply([{ values: {} }, form]),
  })
  return { headers: { "content-type": request.headers.get("content-type") ?? "" }, body: await request.text() }
}

/** A well-formed id that no action has. */
const MADE_UP = "7f0000000000000000000000000000000000000000"

/** An action without arguments, as Next's client encodes it. */
const TEXT: Encoded = { headers: { "content-type": "text/plain;charset=UTF-8" }, body: "[]" }

/** Headers of Next's router when it fetches a page. */
const FLIGHT = { rsc: "1", accept: "*/*", "sec-fetch-dest": "empty" }

/** Every action id × disguise, as Next's client sends it. A made-up id also has the other content types. */
function actionForms(route: string, { appUrl, buildId, actions, form }: Context): Attack[] {
  const ids: [name: string, id: string][] = [
    ...actions.map(({ id, name }): [string, string] => [name, id]),
    ["made up", MADE_UP],
  ]
  const malformed: typeof ids = [
    ["too short", "x"],
    ["empty", ""],
    ["in upper case", MADE_UP.toUpperCase()],
    ["twice", `${MADE_UP}, ${MADE_UP}`],
  ]
  const bodies: [name: string, encoded: Encoded][] = [
    ["multipart", form],
    ["text", TEXT],
  ]
  const otherBodies: typeof bodies = [
    ["URL-encoded", { headers: { "content-type": "application/x-www-form-urlencoded" }, body: "first=Mallory" }],
    ["no content type", { headers: {}, body: "[]" }],
  ]
  const tree = encodeURIComponent(JSON.stringify(["", { children: ["__PAGE__", {}] }, null, "refetch"]))
  const prefetch = { "next-router-prefetch": "1", "next-router-segment-prefetch": "/_tree" }
  const disguises: Omit<Attack, "body">[] = [
    { name: "an action", path: route },
    { name: "an action with a query", path: `${route}?_rsc=abc12` },
    { name: "an action as a page load", path: route, headers: PAGE_LOAD },
    { name: "an action from another site", path: route, headers: { origin: "http://evil.example" } },
    { name: "an action from an opaque origin", path: route, headers: { origin: "null" } },
    { name: "an action that was forwarded", path: route, headers: { "x-action-forwarded": "1" } },
    { name: "an action with a router state", path: route, headers: { "next-router-state-tree": tree } },
    { name: "an action with RSC", path: route, headers: FLIGHT },
    { name: "an action with RSC and its query", path: `${route}?_rsc=abc12`, headers: FLIGHT },
    {
      name: "an action with RSC and a router state",
      path: route,
      headers: { ...FLIGHT, "next-router-state-tree": tree },
    },
    { name: "an action with RSC twice", path: route, headers: { rsc: ["1", "1"] } },
    { name: "an action with an empty RSC", path: route, headers: { rsc: "" } },
    { name: "an action to .rsc", path: `${route}.rsc` },
    { name: "an action to .rsc, encoded", path: `${route}%2ersc` },
    { name: "an action to .rsc with a slash behind", path: `${route}.rsc/` },
    { name: "an action to .RSC", path: `${route}.RSC` },
    { name: "an action to .rsc with RSC", path: `${route}.rsc`, headers: FLIGHT },
    { name: "an action with a segment prefetch", path: route, headers: prefetch },
    { name: "an action with RSC and a segment prefetch", path: route, headers: { ...FLIGHT, ...prefetch } },
    { name: "an action to a segment file", path: `${route}.segments/_tree.segment.rsc` },
    { name: "an action to _next/data", path: `/_next/data/${buildId}${route}.json` },
    { name: "an action to _next/data with RSC", path: `/_next/data/${buildId}${route}.json`, headers: FLIGHT },
    { name: "an action to _next/data of another build", path: `/_next/data/x${route}.json` },
    { name: "an action to _next/data of another build with RSC", path: `/_next/data/x${route}.json`, headers: FLIGHT },
    { name: "an action to the image optimizer", path: `/_next/image?url=${encodeURIComponent(route)}&w=64&q=75` },
    { name: "an action to a missing static file", path: `/_next/static${route}` },
    { name: "an action to a missing static file with RSC", path: `/_next/static${route}`, headers: FLIGHT },
    { name: "an action to a public page", path: "/auth/login" },
    { name: "an action to a public page with RSC", path: "/auth/login", headers: FLIGHT },
    {
      name: "an action to a public page from another site",
      path: "/auth/login",
      headers: { origin: "http://evil.example" },
    },
    { name: "an action to a static page", path: "/" },
    { name: "an action that resumes a page", path: route, headers: { "next-resume": "1" } },
    ...["GET", "HEAD", "PUT", "PATCH", "DELETE"].map((method) => ({
      name: `an action by ${method}`,
      path: route,
      method,
    })),
    { name: "an action by GET with RSC", path: route, method: "GET", headers: FLIGHT },
    { name: "an action by HEAD with RSC", path: route, method: "HEAD", headers: FLIGHT },
  ]
  return disguises.flatMap(({ name, path, method = "POST", headers }) => {
    const reads = ["GET", "HEAD"].includes(method)
    const form = (idName: string, id: string, bodyName: string, encoded: Encoded): Attack => ({
      name: `${name}, id ${idName}, ${bodyName}`,
      path,
      method,
      headers: { origin: appUrl, ...encoded.headers, ...headers, "next-action": id },
      body: reads ? undefined : encoded.body,
    })
    return [
      ...ids.flatMap(([idName, id]) =>
        (reads ? bodies.slice(0, 1) : bodies).map(([bodyName, encoded]) => form(idName, id, bodyName, encoded)),
      ),
      ...malformed.map(([idName, id]) => form(idName, id, "text", TEXT)),
      ...(reads ? [] : otherBodies.map(([bodyName, encoded]) => form("made up", MADE_UP, bodyName, encoded))),
    ]
  })
}

/**
 * Every published attack, and some more. Next redirects a router request whose `_rsc` does not match its headers before it renders the
 * page. So each of these requests is also here with a matching `_rsc`.
 */
export async function attacks(route: string, context: Context): Promise<Attack[]> {
  const all = forms(route, context)
  const fetches = all.filter(({ headers }) => String(headers?.rsc) === "1")
  return [...all, ...(await Promise.all(fetches.map(withRscQuery)))]
}

const { computeCacheBustingSearchParam } = next("shared/lib/router/utils/cache-busting-search-param") as {
  computeCacheBustingSearchParam: (...headers: (string | undefined)[]) => Promise<string>
}

async function withRscQuery(attack: Attack): Promise<Attack> {
  const values = ["next-router-prefetch", "next-router-segment-prefetch", "next-router-state-tree", "next-url"].map(
    (name) => {
      const value = attack.headers?.[name]
      return value === undefined ? undefined : String(value)
    },
  )
  const [path = "", query = ""] = attack.path.split("?", 2)
  const parameters = new URLSearchParams(query)
  parameters.set("_rsc", await computeCacheBustingSearchParam(...values))
  return { ...attack, name: `${attack.name}, matching _rsc`, path: `${path}?${parameters}` }
}

function forms(route: string, context: Context): Attack[] {
  const { buildId, forged } = context
  const page = route.slice(1)
  const [first = ""] = page
  const get = (name: string, path: string, headers: OutgoingHttpHeaders = {}): Attack => ({ name, path, headers })
  const five = (word: string): string => Array<string>(5).fill(word).join(":")
  const tree = encodeURIComponent(JSON.stringify(["", { children: ["__PAGE__", {}] }, null, "refetch"]))

  return [
    get("a page load", route, PAGE_LOAD),
    get("without headers", route),
    get("a request for JSON", route, { accept: "application/json" }),
    ...["ory_st_made-up", "a, b", "", "ory_kratos_session=x", "x".repeat(4000)].map((token) =>
      get(`the session token "${token.slice(0, 20)}"`, route, { "x-session-token": token }),
    ),
    get("a session token twice", route, { "x-session-token": ["ory_st_made-up", "ory_st_made-up"] }),
    get("a session token as a page load", route, { ...PAGE_LOAD, "x-session-token": "ory_st_made-up" }),
    get("a session token with a made-up cookie", route, {
      "x-session-token": "ory_st_made-up",
      cookie: "ory_kratos_session=x",
    }),
    ...["HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"].map((method) => ({ name: method, path: route, method })),

    get("RSC", route, FLIGHT),
    get("RSC with its query", `${route}?_rsc=abc12`, FLIGHT),
    get("RSC with a router state", route, { ...FLIGHT, "next-router-state-tree": tree }),
    get("RSC as a page load", route, { ...PAGE_LOAD, rsc: "1" }),
    get(".rsc", `${route}.rsc`),
    get(".rsc and RSC", `${route}.rsc`, FLIGHT),
    get(".rsc twice", `${route}.rsc.rsc`),
    get("prefetch.rsc", `${route}.prefetch.rsc`, FLIGHT),
    get("prefetch", route, { ...FLIGHT, "next-router-prefetch": "1" }),
    get("prefetch of everything", route, { ...FLIGHT, "next-router-prefetch": "2" }),
    get("prefetch by the browser", route, { ...PAGE_LOAD, "sec-purpose": "prefetch;prerender", purpose: "prefetch" }),
    ...["/_tree", "/_full", "/_index", "/_head", `/${page}/__PAGE__`, route].flatMap((segment) => [
      get(`segment ${segment}`, route, {
        ...FLIGHT,
        "next-router-prefetch": "1",
        "next-router-segment-prefetch": segment,
      }),
      get(`segment file ${segment}`, `${route}.segments${segment}.segment.rsc`, FLIGHT),
    ]),

    get("_next/data", `/_next/data/${buildId}${route}.json`),
    get("_next/data with its header", `/_next/data/${buildId}${route}.json`, { "x-nextjs-data": "1" }),
    get("_next/data of another build", `/_next/data/other${route}.json`, { "x-nextjs-data": "1" }),
    ...["", "x"].flatMap((build) =>
      ["GET", "HEAD", "POST", "PUT"].map((method) => ({
        name: `${method} to _next/data of build ${build || "this one"} with RSC`,
        path: `/_next/data/${build || buildId}${route}.json`,
        method,
        headers: FLIGHT,
      })),
    ),
    get("x-nextjs-data", route, { "x-nextjs-data": "1" }),
    get("__nextDataReq", `${route}?__nextDataReq=1`),

    ...["middleware", "src/middleware", "pages/_middleware", "app/middleware", "proxy", "src/proxy"].flatMap((word) => [
      get(`subrequest ${word}`, route, { ...PAGE_LOAD, "x-middleware-subrequest": word }),
      get(`subrequest ${word} five times`, route, { ...PAGE_LOAD, "x-middleware-subrequest": five(word) }),
    ]),
    get("subrequest id", route, {
      "x-middleware-subrequest": five("middleware"),
      "x-middleware-subrequest-id": "1".repeat(16),
    }),
    // The rest of a page whose shell a CDN has served. Next reads the page's state from the body.
    ...["", "0:null", "4:null{}"].map((body) => ({
      name: `a resumed page with the state "${body}"`,
      path: route,
      method: "POST",
      headers: { ...PAGE_LOAD, "next-resume": "1", "x-matched-path": route },
      body,
    })),
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

    ...actionForms(route, context),
    {
      name: "a form of an action",
      path: route,
      method: "POST",
      headers: { "content-type": "multipart/form-data; boundary=x", origin: "http://evil.example" },
      body: `--x\r\ncontent-disposition: form-data; name="$ACTION_ID_${MADE_UP}"\r\n\r\n\r\n--x--\r\n`,
    },
    ...[MADE_UP, ...context.actions.map(({ id }) => id)].flatMap((id) =>
      [route, "/auth/login"].map((path) => ({
        name: `a form without scripts to ${path}, id ${id}`,
        path,
        method: "POST",
        headers: { "content-type": "multipart/form-data; boundary=x", origin: context.appUrl },
        body: `--x\r\ncontent-disposition: form-data; name="$ACTION_ID_${id}"\r\n\r\n\r\n--x--\r\n`,
      })),
    ),

    get("a forged handoff", route, { ...PAGE_LOAD, "x-session-handoff": forged.handoff }),
    get("a forged handoff for a forged cookie", route, {
      ...PAGE_LOAD,
      cookie: forged.cookie,
      "x-session-handoff": forged.handoff,
    }),
    get("an unsealed handoff", route, { ...PAGE_LOAD, "x-session-handoff": forged.unsealed }),
    get("a forged snapshot", route, { ...PAGE_LOAD, cookie: `session_snapshot=${forged.handoff}` }),
    get("a forged snapshot for a forged cookie", route, {
      ...PAGE_LOAD,
      cookie: `${forged.cookie}; session_snapshot=${forged.handoff}`,
    }),
    get("a forged snapshot of the other name", route, {
      ...PAGE_LOAD,
      cookie: `${forged.cookie}; __Host-session_snapshot=${forged.handoff}`,
    }),
    get("a forged Ory cookie", route, { ...PAGE_LOAD, cookie: forged.cookie }),
    get("a forged Ory Network cookie", route, { ...PAGE_LOAD, cookie: "ory_session_demo=forged" }),
    get("the cookie of a revoked session", route, { ...PAGE_LOAD, cookie: forged.revoked }),
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
  /** Encrypted as the app does it, but with another secret. */
  handoff: string
  unsealed: string
  cookie: string
  /** The cookie of a real session that was revoked. */
  revoked: string
  email: string
  identityId: string
  sessionId: string
}

async function forge(victim: SignedIn): Promise<Forged> {
  const other = await createUser()
  await revokeSession(other.sessionId)
  return forgedValues(victim, other.cookie)
}

async function forgedValues(
  victim: Pick<SignedIn, "email" | "identityId" | "sessionId">,
  revoked: string,
): Promise<Forged> {
  const session = {
    id: victim.sessionId,
    authenticated_at: new Date().toISOString(),
    expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    authenticator_assurance_level: "aal2",
    authentication_methods: [],
    identity: { id: victim.identityId, traits: { email: victim.email }, verified: true },
  }
  const claims = { verdict: { outcome: "active", session } }
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")
  const handoff = await new EncryptJWT(claims)
    .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
    .setExpirationTime("1h")
    .encrypt(new Uint8Array(32))
  return {
    handoff,
    unsealed: `${encode({ alg: "none" })}.${encode({ ...claims, exp: 9_999_999_999 })}.`,
    cookie: "ory_kratos_session=MTcwMDAwMDAwMHxmb3JnZWR8Zm9yZ2Vk",
    revoked,
    email: victim.email,
    identityId: victim.identityId,
    sessionId: victim.sessionId,
  }
}
