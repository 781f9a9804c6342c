import { defineConfig } from "playwright/test"
import { chromium } from "./scripts/browser"

/** `npm test` runs this, against the production build and a real Ory of its own: see `e2e/setup.ts`. */
export default defineConfig({
  testDir: "e2e",
  outputDir: ".test/results",
  globalSetup: "./e2e/setup.ts",
  fullyParallel: true,
  forbidOnly: process.env.CI !== undefined,
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  use: {
    browserName: "chromium",
    launchOptions: {
      ...(await chromium()),
      // Containers run as root, where Chromium's sandbox does not.
      args: process.getuid?.() === 0 ? ["--no-sandbox", "--disable-gpu", "--disable-quic"] : [],
    },
    actionTimeout: 15_000,
    trace: "retain-on-failure",
  },
})
