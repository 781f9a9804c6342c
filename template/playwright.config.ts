import { existsSync } from "node:fs"
import { resolve } from "node:path"
import { defineConfig } from "playwright/test"
import type { WorkerOptions } from "../e2e/fixtures"
import base, { mainFlows } from "../playwright.config"

/** Suites that need a part of the project which you may delete. */
const needs = { "doctor.spec.ts": "scripts/diagnose.ts", "languages.spec.ts": "elements", "weight.spec.ts": "elements" }
const withoutPart = Object.entries(needs).flatMap(([suite, part]) => (existsSync(part) ? [] : [suite]))

/** The suites that prove the template: `npm run test:template -- <part>`. They run like the suites in `e2e/`. */
export default defineConfig<object, WorkerOptions>({
  ...base,
  testDir: resolve("template/e2e"),
  outputDir: resolve(".test/results-template"),
  globalSetup: resolve("e2e/setup.ts"),
  projects: [
    { name: "template", testIgnore: ["soak.spec.ts", "init.spec.ts", ...withoutPart] },
    // The app in front of a self-hosted Kratos.
    { name: "behind-app", testDir: resolve("e2e"), testMatch: mainFlows, use: { topology: "behind-app" } },
    // These use two cores for minutes, so `npm test` does not run them.
    { name: "soak", testMatch: "soak.spec.ts" },
    { name: "init", testMatch: "init.spec.ts" },
  ],
})
