import { defineConfig } from "playwright/test"
import { chromiumOptions } from "./e2e/browser"
import { defaultLocale } from "./lib/texts"

/** `npm test` runs this against the production build and a real Ory: see `e2e/topologies.ts`. */
export default defineConfig({
  testDir: "e2e",
  reporter: [["list"], ["json", { outputFile: process.env.PLAYWRIGHT_REPORT ?? ".test/reports/browser.json" }]],
  outputDir: ".test/results",
  globalSetup: "./e2e/setup.ts",
  fullyParallel: true,
  forbidOnly: process.env.CI !== undefined,
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  use: {
    browserName: "chromium",
    locale: defaultLocale,
    launchOptions: {
      ...(await chromiumOptions()),
      // Chromium's sandbox does not work for root, as in a container. Tests with several hosts use names below example.test.
      args: [
        ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
        "--host-resolver-rules=MAP *.example.test localhost",
      ],
    },
    actionTimeout: 15_000,
    // A trace of a failed test has each page as HTML. Pictures too would take a quarter of all tests' time.
    trace: { mode: "retain-on-failure", screenshots: false },
  },
})
