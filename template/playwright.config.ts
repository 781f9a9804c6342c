import { existsSync } from "node:fs"
import { resolve } from "node:path"
import { defineConfig } from "playwright/test"
import type { WorkerOptions } from "../e2e/fixtures"
import base from "../playwright.config"

/** Suites that need a part of the project which you may delete. */
const needs = {
  "doctor.spec.ts": "scripts/diagnose.ts",
  "journeys.spec.ts": "elements",
  "languages.spec.ts": "elements",
  "weight.spec.ts": "elements",
}
const withoutPart = Object.entries(needs).flatMap(([suite, part]) => (existsSync(part) ? [] : [suite]))

/** Each of these suites is a project of its own. */
const longSuites = ["soak.spec.ts", "init.spec.ts", "proxy.spec.ts"]

/** Suites about details: of Ory's forms and versions, of the doctor and of nginx. */
const detailSuites = [
  ...["ages", "forms", "journeys", "kratos", "languages", "loops", "social"],
  ...["doctor", "nginx"],
].map((name) => `${name}.spec.ts`)

/** The main flows run in each topology: see `e2e/topologies.ts`. */
export const mainFlows = ["starter.spec.ts", "sign-in-methods.spec.ts"]

/** The tag of tests that build the project once more, or take more than half a minute. */
const SLOW = /@slow/

/** The suites that prove the template: `npm run test:template -- <part>`. They run like the suites in `e2e/`. */
export default defineConfig<object, WorkerOptions>({
  ...base,
  testDir: resolve("template/e2e"),
  outputDir: resolve(".test/results-template"),
  globalSetup: resolve("e2e/setup.ts"),
  projects: [
    { name: "template", testIgnore: [...longSuites, ...detailSuites, ...withoutPart], grepInvert: SLOW },
    { name: "same-origin", testDir: resolve("e2e"), testMatch: mainFlows, use: { topology: "same-origin" } },
    // `npm test` does not run the projects below, so that it takes less than 25 minutes on two cores. The GitHub workflow does.
    { name: "details", testMatch: detailSuites, testIgnore: withoutPart },
    { name: "slow", testIgnore: [...longSuites, ...detailSuites, ...withoutPart], grep: SLOW },
    // The app in front of a self-hosted Kratos.
    { name: "behind-app", testDir: resolve("e2e"), testMatch: mainFlows, use: { topology: "behind-app" } },
    // Passkeys and the chosen Chromium need Chromium. `npx playwright install --with-deps firefox webkit` installs the others.
    ...(["firefox", "webkit"] as const).map((engine) => ({
      name: engine,
      testDir: resolve("e2e"),
      testMatch: "starter.spec.ts",
      use: { browserName: engine, launchOptions: {} },
    })),
    { name: "soak", testMatch: "soak.spec.ts" },
    { name: "init", testMatch: "init.spec.ts" },
    { name: "proxy", testMatch: "proxy.spec.ts" },
  ],
})
