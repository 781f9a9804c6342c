import { readFile } from "node:fs/promises"
import { expect, test } from "../../e2e/fixtures"
import { freePorts } from "../../e2e/ports"
import { gateFile, gateRuntime } from "../../e2e/servers"
import { setting, withoutSettings } from "../../e2e/settings"
import { nodeModule, start, waitForUrl } from "../../scripts/processes"

/** Tests of the files that `next build` writes, and of `next build` and `next start` with missing or invalid variables. */

test("the landing page is prerendered, and no page behind the gate is", async () => {
  const manifest = JSON.parse(await readFile(".next/prerender-manifest.json", "utf8")) as {
    routes: Record<string, { routeType?: string; response?: string }>
  }
  const pages = Object.entries(manifest.routes).filter(([, { routeType }]) => routeType === "page")
  const prerendered = pages.filter(([path, { response }]) => !path.startsWith("/_") && response !== "empty")
  expect(prerendered.map(([path]) => path)).toEqual(["/"])
})

test("the build runs middleware.ts on the Edge runtime, and proxy.ts on Node", async () => {
  expect(await gateRuntime()).toBe(gateFile === "middleware.ts" ? "edge" : "node")
})

/** Runs `next` with these variables and no other variables of the app. */
async function next(args: string[], env: Record<string, string>): Promise<{ ok: boolean; lastLines: string }> {
  const all = { ...withoutSettings(), NODE_ENV: "production", ...env }
  return (await start(process.execPath, [nodeModule("next/dist/bin/next"), ...args], { env: all })).ended
}

test("build and start fail when a variable is missing or invalid, and name the variable and the fix", async () => {
  const [port] = await freePorts()
  const onPort = ["start", "-H", "localhost", "-p", String(port)]
  const cases: [args: string[], env: Record<string, string>, message: string][] = [
    [["build"], {}, "ORY_SDK_URL is not set. Set it to the origin of Ory, for example http://localhost:4000"],
    [
      ["build"],
      { ORY_SDK_URL: "localhost:4000" },
      'ORY_SDK_URL is "localhost:4000", which does not begin with http:// or https://',
    ],
    [
      onPort,
      { ORY_SDK_URL: "https://auth.example.com/" },
      "APP_URL is not set. In production, set it to the origin that users see",
    ],
    [
      onPort,
      { ORY_SDK_URL: "https://auth.example.com", APP_URL: "https://app.example.com", SESSION_SECRET: "short" },
      "SESSION_SECRET contains a secret that is shorter than 32",
    ],
    [
      ["start", "-H", "127.0.0.1", "-p", String(port)],
      { ORY_SDK_URL: "http://localhost:4000", APP_URL: "http://localhost:3000" },
      `The server listens on http://127.0.0.1:${port}. At this address,`,
    ],
  ]
  for (const [args, env, message] of cases) {
    const { ok, lastLines } = await next(args, env)
    expect([ok, lastLines]).toEqual([false, expect.stringContaining(message)])
  }
})

test("a server without SESSION_SECRET logs once that it has no snapshots", async () => {
  const [port] = await freePorts()
  const log: string[] = []
  const app = `http://localhost:${port}`
  const env = { ...process.env, ORY_SDK_URL: setting("ORY_URL"), APP_URL: app, SESSION_SECRET: "" }
  const server = await start(
    process.execPath,
    [nodeModule("next/dist/bin/next"), "start", "-H", "localhost", "-p", String(port)],
    { env, log: (line) => log.push(line) },
  )
  try {
    await waitForUrl("The app", `${app}/`, server)
    for (const path of ["/dashboard", "/auth/error", "/api/me"]) await fetch(app + path, { redirect: "manual" })
  } finally {
    await server.stop()
  }
  expect(log.filter((line) => line.includes("SESSION_SECRET is not set"))).toHaveLength(1)
})
