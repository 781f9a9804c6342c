import { defineConfig } from "playwright/test"
import type { WorkerOptions } from "../fixtures"
import base from "../../playwright.config"

/** `npm run test:live` runs this against a deployment. One test at a time, because deployments limit requests. */
export default defineConfig<object, WorkerOptions>({
  testDir: ".",
  testMatch: "*.live.ts",
  reporter: "list",
  outputDir: "../../.test/results-live",
  workers: 1,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  use: {
    ...base.use,
    topology: "live",
    actionTimeout: 30_000,
    // Node checks the certificate, too. With a certificate of your own authority, only Node does.
    ignoreHTTPSErrors: process.env.NODE_EXTRA_CA_CERTS !== undefined,
    // A trace would contain the cookies of a deployment.
    trace: "off",
  },
})
