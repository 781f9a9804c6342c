import { defineConfig } from "playwright/test"
import type { WorkerOptions } from "./e2e/fixtures"
import { chromium } from "./scripts/browser"

/** What is tried wherever the browser may reach Ory: see `e2e/topologies.ts`. */
const mainFlows = ["starter.spec.ts", "sign-in-methods.spec.ts"]

/** `npm test` runs this, against the production build and a real Ory of its own: see `e2e/setup.ts`. */
export default defineConfig<object, WorkerOptions>({
  testDir: "e2e",
  reporter: [["list"], ["json", { outputFile: ".test/reports/browser.json" }]],
  outputDir: ".test/results",
  globalSetup: "./e2e/setup.ts",
  fullyParallel: true,
  forbidOnly: process.env.CI !== undefined,
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  projects: [
    { name: "direct", testIgnore: ["same-origin.spec.ts", "soak.spec.ts"] },
    { name: "same-origin", testMatch: [...mainFlows, "same-origin.spec.ts"], use: { topology: "same-origin" } },
    { name: "behind-app", testMatch: mainFlows, use: { topology: "behind-app" } },
    { name: "tunnel", testMatch: mainFlows, use: { topology: "tunnel" } },
    // Takes both cores for minutes, so `npm test` leaves it out: npm run test:soak.
    { name: "soak", testMatch: "soak.spec.ts" },
  ],
  use: {
    browserName: "chromium",
    launchOptions: {
      ...(await chromium()),
      // Containers run as root, where Chromium's sandbox does not. Hosts for tests with several of them are this machine.
      args: [
        ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
        "--host-resolver-rules=MAP *.example.test localhost",
      ],
    },
    actionTimeout: 15_000,
    trace: "retain-on-failure",
  },
})
