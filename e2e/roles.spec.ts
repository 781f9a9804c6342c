import { randomUUID } from "node:crypto"
import { requiredTraits } from "../ory/required-traits"
import { expect, expectSignedIn, test, codeFor, codeField } from "./fixtures"
import { createUser, PAGE_LOAD, pairs, send, setRole, signedIn, type Answer, type SignedIn } from "./http"
import { startServers, type Servers } from "./servers"
import { texts } from "./texts"

/** Pages that require a role (`/admin`) or a confirmed address (`/members`). */

let servers: Servers
test.beforeAll(async () => {
  servers = await startServers({ app: { SESSION_CACHE_SECONDS: "300" } })
})
test.afterAll(async () => {
  await servers.stop()
})

const load = ({ cookie }: SignedIn, path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  send(servers.appUrl, path, { headers: { ...PAGE_LOAD, ...headers, cookie } })

test("only users with the role see its page, and the others get 403", async ({ openAs }) => {
  const user = await createUser(servers)
  const refused = await load(user, "/admin")
  expect([refused.status, refused.body.includes(texts.forbidden), refused.headers["cache-control"]]).toEqual([
    403,
    true,
    "private, no-store",
  ])
  const others: Record<string, string>[] = [{ "sec-fetch-dest": "empty", rsc: "1" }, { "sec-purpose": "prefetch" }]
  for (const headers of others) {
    const { status, body } = await load(user, "/admin", headers)
    expect([status, body]).toEqual([403, ""])
  }

  const page = await openAs(user, servers.appUrl, { expectedErrors: /^403 / })
  await page.goto("/dashboard")
  await expect(page.getByRole("link", { name: texts.nav.admin })).toBeHidden()
  await page.goto("/admin")
  await expect(page.getByRole("heading", { name: texts.forbidden })).toBeVisible()
  expect(new URL(page.url()).pathname).toBe("/admin")

  await setRole(user.identityId, "admin", servers.ory.adminUrl)
  await page.reload()
  await expectSignedIn(page, user)
  await expect(page.getByRole("heading", { name: texts.admin })).toBeVisible()
  await expect(page.getByRole("link", { name: texts.nav.admin })).toBeVisible()
})

test("a role ends with the next request, although snapshots last for five minutes", async () => {
  const admin = await createUser(servers)
  await setRole(admin.identityId, "admin", servers.ory.adminUrl)
  const before = await load(admin, "/admin")
  expect(before.status).toBe(200)
  const snapshot = [(await load(admin, "/dashboard")).headers["set-cookie"] ?? []]
    .flat()
    .find((cookie) => cookie.includes("session_snapshot="))
  expect(snapshot).toBeDefined()
  const withSnapshot = { ...admin, cookie: `${admin.cookie}; ${snapshot?.split(";")[0] ?? ""}` }
  expect((await load(withSnapshot, "/admin")).status).toBe(200)
  await setRole(admin.identityId, undefined, servers.ory.adminUrl)
  expect((await load(withSnapshot, "/admin")).status).toBe(403)
  await setRole(admin.identityId, "owner", servers.ory.adminUrl)
  expect((await load(withSnapshot, "/admin")).status).toBe(403)
})

test("a user without a confirmed address is sent to confirm it, and comes back", async ({ openAs }) => {
  const user = await signedIn(servers.kratosUrl, servers.ory.adminUrl, { verified: false })
  const refused = await load(user, "/members?tab=1")
  expect(refused.status).toBe(303)
  const page = await openAs(user, servers.appUrl)
  await page.goto("/members?tab=1")
  await page.waitForURL("**/auth/verification**")
  await page.getByRole("button", { name: texts.ory.continue, exact: true }).click()
  await codeField(page).fill(await codeFor(user.email, undefined, servers.inboxUrl))
  await page.getByRole("button", { name: texts.ory.continue, exact: true }).click()
  await page.getByRole("link", { name: texts.ory.continue }).click()
  await page.waitForURL("**/members?tab=1")
  await expect(page.getByRole("heading", { name: texts.members })).toBeVisible()
})

/** What a user could send to raise their own role. */
const ROLE = { role: "admin", metadata_public: { role: "admin" }, metadata_admin: { role: "admin" } }

/** Starts a flow as a browser does, and submits this form. */
async function submit(kind: "registration" | "settings", cookie: string, form: object): Promise<Response> {
  const started = await fetch(`${servers.kratosUrl}/self-service/${kind}/browser`, {
    headers: { accept: "application/json", cookie },
  })
  const { ui } = (await started.json()) as Flow
  const csrf = ui.nodes.find(({ attributes }) => attributes.name === "csrf_token")?.attributes.value
  const action = new URL(ui.action)
  return fetch(servers.kratosUrl + action.pathname + action.search, {
    method: "POST",
    headers: {
      accept: "application/json",
      "content-type": "application/json",
      cookie: [cookie, pairs(started)].filter(Boolean).join("; "),
    },
    body: JSON.stringify({ csrf_token: csrf, ...form }),
  })
}

interface Flow {
  ui: { action: string; nodes: { attributes: { name?: string; value?: string } }[] }
}

test("a user cannot become an admin by sign-up", async () => {
  const form = (email: string): object => ({
    method: "password",
    password: randomUUID(),
    traits: { ...requiredTraits, email },
  })
  const refused = await submit("registration", "", {
    ...form(`${randomUUID()}@example.com`),
    traits: { ...requiredTraits, email: `${randomUUID()}@example.com`, role: "admin" },
  })
  expect(refused.status).toBe(400)

  const email = `${randomUUID()}@example.com`
  const accepted = await submit("registration", "", { ...form(email), ...ROLE, transient_payload: ROLE })
  expect(accepted.status).toBe(200)
  const cookie = pairs(accepted)
  expect((await send(servers.appUrl, "/api/me", { headers: { cookie } })).body).toContain(email)
  expect((await send(servers.appUrl, "/admin", { headers: { ...PAGE_LOAD, cookie } })).status).toBe(403)
})

test("a user cannot become an admin in settings, and the admin API can make them one", async () => {
  const user = await createUser(servers)
  const traits = { ...requiredTraits, email: user.email }
  const refused = await submit("settings", user.cookie, { method: "profile", traits: { ...traits, role: "admin" } })
  expect(refused.status).toBe(400)
  const accepted = await submit("settings", user.cookie, {
    method: "profile",
    traits: { ...traits, name: { first: "Ada" } },
    ...ROLE,
    transient_payload: ROLE,
  })
  expect(accepted.status).toBe(200)
  expect((await send(servers.appUrl, "/api/me", { headers: { cookie: user.cookie } })).body).toContain("Ada")
  expect((await load(user, "/admin")).status).toBe(403)

  await setRole(user.identityId, "admin", servers.ory.adminUrl)
  expect((await load(user, "/admin")).status).toBe(200)
})
