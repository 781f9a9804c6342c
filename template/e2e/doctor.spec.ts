import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { diagnose, versions, type Finding } from "../../scripts/diagnose"
import { start } from "../../scripts/processes"
import { demoUser, seedDemoUsers } from "../../scripts/stack"
import { expect, test } from "../../e2e/fixtures"
import { kratosMajor } from "../../e2e/http"
import { startServers, type Servers } from "../../e2e/servers"
import { sessionSecret, setting } from "../../e2e/settings"

/** Each check of `npm run doctor`, once passing and once failing. Delete this file together with `scripts/doctor.ts`. */

const environment = (): Record<string, string> => ({
  ORY_SDK_URL: setting("ORY_URL"),
  APP_URL: setting("APP_URL"),
  SESSION_SECRET: sessionSecret,
  INBOX_PORT: new URL(setting("INBOX_URL")).port,
  ORY_ADMIN_PORT: new URL(setting("ORY_ADMIN_URL")).port,
})

const cure = (findings: Finding[], check: string): string => {
  const finding = findings.find((finding) => finding.check === check)
  if (finding === undefined) throw new Error(`${check} was not checked: ${JSON.stringify(findings)}`)
  return finding.ok ? `ok: ${finding.seen}` : finding.cure
}

async function withServer(listener: RequestListener, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer(listener)
  await new Promise<void>((done) => server.listen(0, "localhost", done))
  try {
    await use(`http://localhost:${(server.address() as AddressInfo).port}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

test("every check passes with the correct settings", async () => {
  await seedDemoUsers(setting("ORY_ADMIN_URL"))
  const findings = await diagnose(environment(), setting("APP_URL"))
  expect(findings.filter(({ ok }) => !ok)).toEqual([])
  expect(findings.map(({ check }) => check)).toEqual([
    "Versions",
    "Environment",
    "Ory responds",
    "Cookies can be shared",
    "Ory leads to this app",
    "Ory's cookies reach this app",
    "Session cookie",
    "CORS",
    "Clocks agree",
    "Kratos",
    "Mail",
    "Admin API",
    "The app at its address",
  ])
  expect(cure(findings, "Admin API")).toMatch(/^ok: http:\/\/localhost:\d+, below 24 hours$/)
})

/** Runs `npm run doctor`. */
async function doctor(settings: Record<string, string>): Promise<{ ok: boolean; output: string }> {
  const lines: string[] = []
  const env = { ...process.env, ...settings }
  const running = await start("npm", ["run", "doctor", "--", "--url", setting("APP_URL")], {
    env,
    log: (line) => lines.push(line),
  })
  return { ok: (await running.ended).ok, output: lines.join("\n") }
}

test("the command prints its findings, and its exit code is 1 when one fails", async () => {
  const passing = await doctor(environment())
  expect([passing.ok, passing.output]).toEqual([
    true,
    expect.stringContaining(`✓ The app at its address: ${setting("APP_URL")}`),
  ])
  const failing = await doctor({ ...environment(), INBOX_PORT: "9" })
  expect([failing.ok, failing.output]).toEqual([
    false,
    expect.stringContaining("✗ Mail\n  There is no inbox at http://localhost:9"),
  ])
})

test("a Kratos with a known advisory is a warning and not a failure, because it may be the local fallback", async () => {
  const warning = async (port: string): Promise<string | undefined> => {
    const finding = (await diagnose({ ...environment(), ORY_ADMIN_PORT: port })).find(({ check }) => check === "Kratos")
    return finding?.ok ? finding.warning : undefined
  }
  const known = await warning(environment().ORY_ADMIN_PORT ?? "")
  if ((await kratosMajor(setting("ORY_ADMIN_URL"))) === 1)
    expect(known).toContain("Kratos 1.3.1 has a known SQL injection (GO-2026-4801).")
  else expect(known).toBeUndefined()

  await withServer(
    (_, response) => response.end('{"version":"v25.4.0"}'),
    async (url) => {
      const { ok, output } = await doctor({ ...environment(), ORY_ADMIN_PORT: new URL(url).port })
      expect([ok, output]).toEqual([
        true,
        expect.stringContaining("! Kratos: v25.4.0\n  Kratos 25.4.0 has a known SQL injection (GO-2026-4801)."),
      ])
    },
  )
  // Without an admin API, the version is unknown.
  const findings = await diagnose({ ...environment(), ORY_ADMIN_PORT: "9" })
  expect(findings.map(({ check }) => check)).not.toContain("Kratos")
})

test("fails when Next or Node is too old", async () => {
  expect(cure([await versions("16.2.10")], "Versions")).toContain(
    "Next is 16.2.10, in which requests get past the gate.",
  )
  expect(cure([await versions("16.4.6", "v18.0.0")], "Versions")).toContain("Node is v18.0.0.")
})

test("fails when a variable is invalid, and shows no secret", async () => {
  const findings = await diagnose({ ...environment(), ORY_SDK_URL: "localhost:4000", SESSION_SECRET: "hunter2" })
  expect(cure(findings, "Environment")).toMatch(/ORY_SDK_URL is "localhost:4000".*SESSION_SECRET/s)
  expect(JSON.stringify(findings)).not.toContain("hunter2")
})

test("fails when nothing responds at ORY_SDK_URL, or something that is not Ory", async () => {
  expect(cure(await diagnose({ ...environment(), ORY_SDK_URL: "http://localhost:9" }), "Ory responds")).toContain(
    "No response from http://localhost:9.",
  )
  await withServer(
    (_, response) => response.end("<!doctype html>"),
    async (url) => {
      expect(cure(await diagnose({ ...environment(), ORY_SDK_URL: url }), "Ory responds")).toContain("is not Ory (200")
    },
  )
})

test("fails when no cookie can reach both Ory and the app", async () => {
  const of = async (ory: string, app: string): Promise<string> =>
    cure(await diagnose({ ...environment(), ORY_SDK_URL: ory, APP_URL: app }), "Cookies can be shared")
  expect(await of("https://auth.example.com", "https://app.example.com")).toBe("ok: example.com")
  expect(await of("https://one.vercel.app", "https://two.vercel.app")).toContain(
    "they share no domain, so browsers don't share cookies between them",
  )
  const apart = await diagnose({
    ...environment(),
    ORY_SDK_URL: "https://auth.example.org",
    APP_URL: "https://app.example.com",
  })
  expect(cure(apart, "Environment")).toContain("they share no domain")
})

test("skips cookie sharing and CORS when the browser reaches Ory through the app", async () => {
  const servers = await startServers({ network: true, app: { ORY_PROXY: "on" } })
  const source = {
    ...environment(),
    ORY_SDK_URL: servers.oryUrl,
    ORY_PROXY: "on",
    INBOX_PORT: new URL(servers.inboxUrl).port,
  }
  try {
    const findings = await diagnose(source, servers.appUrl)
    expect(findings.filter(({ ok }) => !ok)).toEqual([])
    for (const check of ["Cookies can be shared", "CORS"])
      expect(cure(findings, check)).toBe("ok: not needed: the browser reaches Ory through the app")
  } finally {
    await servers.stop()
  }
})

test("every check passes with a Kratos whose base URL is the app's", async () => {
  const servers = await startServers({ behindApp: true, app: { ORY_PROXY: "on" } })
  try {
    const source = {
      ...environment(),
      ORY_SDK_URL: servers.oryUrl,
      ORY_PROXY: "on",
      INBOX_PORT: new URL(servers.inboxUrl).port,
    }
    expect((await diagnose(source, servers.appUrl)).filter(({ ok }) => !ok)).toEqual([])
  } finally {
    await servers.stop()
  }
})

test("finds a renamed session cookie by signing in as the demo user, and ends that session", async () => {
  const servers = await startServers({
    kratos: { SESSION_COOKIE_NAME: "my_session" },
    app: { ORY_SESSION_COOKIE: "my_session" },
  })
  try {
    const source = { ...environment(), ORY_SDK_URL: servers.oryUrl, APP_URL: servers.appUrl }
    const found = async (settings: Record<string, string> = {}): Promise<string> =>
      cure(await diagnose({ ...source, ...settings }), "Session cookie")
    expect(await found()).toBe(`ok: not checked: ${demoUser.email} can't sign in with its original password`)
    await seedDemoUsers(servers.ory.adminUrl)
    expect(await found()).toBe(
      "Ory's session cookie is my_session, and this app expects ory_kratos_session. Set ORY_SESSION_COOKIE=my_session.",
    )
    expect(await found({ ORY_SESSION_COOKIE: "other" })).toContain(
      "this app expects other. Set ORY_SESSION_COOKIE=my_session.",
    )
    expect(await found({ ORY_SESSION_COOKIE: "my_session" })).toBe("ok: my_session")
    const sessions = (await (await fetch(`${servers.ory.adminUrl}/admin/sessions?active=true`)).json()) as unknown[]
    expect(sessions).toEqual([])
  } finally {
    await servers.stop()
  }
  await seedDemoUsers(setting("ORY_ADMIN_URL"))
  const usual = cure(await diagnose({ ...environment(), ORY_SESSION_COOKIE: "my_session" }), "Session cookie")
  expect(usual).toBe(
    "Ory's session cookie is ory_kratos_session, and this app expects my_session. Remove ORY_SESSION_COOKIE.",
  )
})

for (const [name, domain, finding] of [
  [
    "none",
    undefined,
    "has no Domain, so it is for auth.example.test alone: browsers do not send it to app.example.test. Set cookies.domain in Kratos to example.test",
  ],
  [
    "Ory's own host",
    "auth.example.test",
    "has Domain=auth.example.test: browsers do not send it to app.example.test. Set cookies.domain in Kratos to example.test",
  ],
  [
    "another domain",
    "example.org",
    "has Domain=example.org: browsers do not send it to app.example.test. Set cookies.domain in Kratos to example.test",
  ],
  ["the domain above both", "example.test", "✓ Ory's cookies reach this app: example.test"],
] as const)
  test(`checks the cookies of an Ory on a sibling domain: cookies.domain is ${name}`, async () => {
    const servers = await startServers({
      tls: true,
      siblings: true,
      kratos: domain === undefined ? {} : { COOKIES_DOMAIN: domain },
    })
    try {
      const lines: string[] = []
      const env = {
        ...process.env,
        ...environment(),
        ORY_SDK_URL: servers.oryUrl,
        // As on Vercel. `--url` names the origin.
        APP_URL: "",
        ...servers.nodeEnv,
      }
      const running = await start("npm", ["run", "doctor", "--", "--url", servers.appUrl], {
        env,
        log: (line) => lines.push(line),
      })
      expect((await running.ended).ok).toBe(domain === "example.test")
      expect(lines.join("\n")).toContain(finding)
      expect(lines.filter((line) => line.startsWith("✗"))).toEqual(
        domain === "example.test" ? [] : ["✗ Ory's cookies reach this app"],
      )
    } finally {
      await servers.stop()
    }
  })

test("fails when Ory's CORS origins, return URLs or UI URLs lack the app", async () => {
  const findWith = async (kratos: Record<string, string>, check: string): Promise<string> => {
    const servers: Servers = await startServers({ kratos })
    try {
      return cure(await diagnose({ ...environment(), ORY_SDK_URL: servers.oryUrl, APP_URL: servers.appUrl }), check)
    } finally {
      await servers.stop()
    }
  }
  expect(await findWith({ SELFSERVICE_ALLOWED_RETURN_URLS: "http://localhost:1" }, "Ory leads to this app")).toContain(
    "selfservice.allowed_return_urls",
  )
  expect(
    await findWith({ SELFSERVICE_FLOWS_RECOVERY_UI_URL: "http://localhost:1/recovery" }, "Ory leads to this app"),
  ).toContain("Ory's recovery leads to http://localhost:1/recovery. Set selfservice.flows.recovery.ui_url")
  // Sign-up may be closed.
  expect(await findWith({ SELFSERVICE_FLOWS_REGISTRATION_ENABLED: "false" }, "Ory leads to this app")).toMatch(
    /^ok: .*, registration is disabled$/,
  )
  expect(await findWith({ SERVE_PUBLIC_CORS_ALLOWED_ORIGINS: "http://localhost:1" }, "CORS")).toContain(
    "Allow this origin, with credentials",
  )
})

test("fails when the clocks of Ory and this machine differ", async () => {
  // A relay to the real Ory whose clock is an hour behind.
  await withServer(
    (request, response) => {
      void fetch(setting("ORY_URL") + (request.url ?? ""), { redirect: "manual" }).then(async (answer) => {
        response.writeHead(answer.status, {
          "content-type": "application/json",
          date: new Date(Date.now() - 3_600_000).toUTCString(),
        })
        response.end(await answer.text())
      })
    },
    async (url) => {
      expect(cure(await diagnose({ ...environment(), ORY_SDK_URL: url }), "Clocks agree")).toMatch(
        /are 3\d\d\d s apart/,
      )
    },
  )
})

test("fails when local Ory has no inbox", async () => {
  expect(cure(await diagnose({ ...environment(), INBOX_PORT: "9" }), "Mail")).toContain(
    "There is no inbox at http://localhost:9",
  )
})

test("fails when Ory extends sessions later than the app asks it to, or its admin API refuses the app", async () => {
  const of = async (variables: Record<string, string>): Promise<string> =>
    cure(await diagnose({ ...environment(), ...variables }), "Admin API")
  expect(await of({ SESSION_EXTEND_BELOW: "360h" })).toContain("below 360 hours")
  expect(await of({ SESSION_EXTEND_BELOW: "361h" })).toBe(
    "SESSION_EXTEND_BELOW is 361 hours, but Ory extends a session only in its last 360h. Set SESSION_EXTEND_BELOW to at most session.earliest_possible_extend in ory/kratos.yml.",
  )
  expect(await of({ ORY_ADMIN_URL: "http://localhost:9" })).toContain("http://localhost:9 does not respond")
  await withServer(
    (request, response) => response.writeHead(request.headers.authorization === "Bearer correct" ? 404 : 401).end(),
    async (url) => {
      const settings = { ORY_ADMIN_URL: url, ORY_PROJECT_API_TOKEN: "hunter2" }
      expect(await of(settings)).toContain(
        "responds with 401, so no session is extended and no user can delete the account. Correct",
      )
      expect(await of(settings)).not.toContain("hunter2")
      expect(await of({ ...settings, ORY_PROJECT_API_TOKEN: "correct" })).toContain("ok: ")
    },
  )
  const without = await diagnose({ ...environment(), ORY_ADMIN_URL: "" })
  expect(without.map(({ check }) => check)).not.toContain("Admin API")
})

test("fails when the app is not running, cannot reach Ory, or redirects signed-out visitors elsewhere", async () => {
  expect(cure(await diagnose(environment(), "http://localhost:9"), "The app at its address")).toBe(
    "No response from http://localhost:9. Check the address, and that the app runs.",
  )
  await withServer(
    (_, response) => response.writeHead(503).end(),
    async (url) => {
      expect(cure(await diagnose(environment(), url), "The app at its address")).toContain(
        "/api/health responds with 503",
      )
    },
  )
  await withServer(
    (request, response) => response.writeHead(request.url === "/dashboard" ? 302 : 200, { location: "/login" }).end(),
    async (url) => {
      expect(cure(await diagnose(environment(), url), "The app at its address")).toContain(
        'redirects signed-out visitors to "/login"',
      )
    },
  )
})
