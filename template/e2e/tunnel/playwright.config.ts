import { resolve } from "node:path"
import { defineConfig } from "playwright/test"
import type { WorkerOptions } from "../../../e2e/fixtures"
import base from "../../../playwright.config"
import { mainFlows } from "../../playwright.config"

/** The main flows through the stand-in for the Ory tunnel. */
export default defineConfig<object, WorkerOptions>({
  ...base,
  testDir: resolve("e2e"),
  testMatch: mainFlows,
  outputDir: resolve(".test/results-tunnel"),
  globalSetup: resolve(import.meta.dirname, "setup.ts"),
  projects: [{ name: "tunnel", use: { topology: "tunnel" } }],
  use: {
    ...base.use,
    launchOptions: {
      ...base.use?.launchOptions,
      // The browser must never call the project itself.
      args: [...(base.use?.launchOptions?.args ?? []), "--host-resolver-rules=MAP demo.projects.oryapis.com ~NOTFOUND"],
    },
  },
})
