import { resolve } from "node:path"
import { defineConfig } from "playwright/test"
import base from "../playwright.config"

/** The suites that prove the template: `npm run test:template -- <part>`. They run like those in `e2e/`. */
export default defineConfig({
  ...base,
  testDir: resolve("template/e2e"),
  outputDir: resolve(".test/results-template"),
  globalSetup: resolve("e2e/setup.ts"),
  projects: [
    { name: "template", testIgnore: ["soak.spec.ts", "init.spec.ts"] },
    // These use both cores for minutes, so `npm test` leaves them out.
    { name: "soak", testMatch: "soak.spec.ts" },
    { name: "init", testMatch: "init.spec.ts" },
  ],
})
