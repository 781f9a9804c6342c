import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import which from "which"
import { installChromium } from "../e2e/browser"
import { requiredTraits } from "../ory/required-traits"
import { freePorts } from "../e2e/ports"
import { testKratos } from "../e2e/settings"
import { projectDir } from "./processes"
import { startOry } from "./stack"
import {
  browserTests,
  countBuildWarnings,
  countGoTests,
  countNodeTests,
  countUnitTests,
  node,
  part,
  reports,
  skip,
} from "./test-runner"

/** All checks and tests of the project. Fast ones run first. */
export async function productTests(): Promise<void> {
  await part("Lint", node("eslint/bin/eslint.js", ".", "--max-warnings", "0"))
  await part("Format", node("prettier/bin/prettier.cjs", "--check", "--log-level", "warn", "."))
  await part("Types of the routes", node("next/dist/bin/next", "typegen"))
  await part("Types", node("typescript/bin/tsc", "--noEmit"))
  const unitReport = ["--reporter=default", "--reporter=json", `--outputFile.json=${join(reports, "unit.json")}`]
  await part("Unit tests", { ...node("vitest/vitest.mjs", "run", ...unitReport), count: countUnitTests })
  await examples()
  if (!(await part("Production build", { ...node("next/dist/bin/next", "build"), count: countBuildWarnings }))) return
  await installChromium()
  await part("Browser tests", browserTests("playwright.config.ts"))
}

/** Tests the examples that exist. They share one real Ory. */
async function examples(): Promise<void> {
  const express = join(projectDir, "examples", "express")
  const go = join(projectDir, "examples", "go")
  if (!existsSync(express) && !existsSync(go)) return

  const [app, ory, adminPort, mailPort, inboxPort] = await freePorts()
  const dataDir = await mkdtemp(join(tmpdir(), "ory-local-"))
  const [appUrl, oryUrl] = [`http://localhost:${app}`, `http://localhost:${ory}`]
  const log = (): void => undefined
  const local = await startOry({ appUrl, oryUrl, adminPort, mailPort, inboxPort, dataDir, overrides: testKratos, log })
  const env = {
    ...process.env,
    TEST_ORY_URL: oryUrl,
    TEST_ORY_ADMIN_URL: local.adminUrl,
    TEST_TRAITS: JSON.stringify(requiredTraits),
  }
  try {
    if (existsSync(express)) await expressTests({ cwd: express, env })
    if (existsSync(go)) await goTests({ cwd: go, env })
  } finally {
    await local.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}

interface Example {
  cwd: string
  env: NodeJS.ProcessEnv
}

async function expressTests(example: Example): Promise<void> {
  await part("Express example: packages", { ...example, file: "npm", args: ["ci", "--prefer-offline"] })
  await part("Express example: lint", { ...example, file: "npm", args: ["run", "lint"] })
  await part("Express example: types", { ...example, file: "npm", args: ["run", "typecheck"] })
  await part("Express example: tests", { ...example, file: "npm", args: ["test"], count: countNodeTests })
}

async function goTests(example: Example): Promise<void> {
  if (which.sync("go", { nothrow: true }) === null) {
    skip("The tests of the Go example are skipped because Go is not installed. Install it from https://go.dev/dl.")
    return
  }
  const format = 'unformatted=$(gofmt -l .) && echo "$unformatted" && test -z "$unformatted"'
  const staticcheck = ["run", "honnef.co/go/tools/cmd/staticcheck@v0.8.2", "./..."]
  const test = ["test", "-race", "-count=1", "-json", "./..."]
  await part("Go example: format", { ...example, file: "sh", args: ["-c", format] })
  await part("Go example: vet", { ...example, file: "go", args: ["vet", "./..."] })
  await part("Go example: staticcheck", { ...example, file: "go", args: staticcheck })
  await part("Go example: tests", { ...example, file: "go", args: test, count: countGoTests })
}
