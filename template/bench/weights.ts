import { cp, mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { SignedIn } from "../../e2e/http"
import { startApp } from "../../e2e/servers"
import { gateWeight, scriptsWeight } from "../e2e/weight"
import { nodeModule, projectDir, run } from "../../scripts/processes"
import { withPage } from "./clicks"
import type { Weights } from "./results"

/** Builds the app in `folder` for production. */
export async function build(folder: string, env: Record<string, string> = {}): Promise<void> {
  const next = nodeModule("next/dist/bin/next")
  await run(process.execPath, [next, "build"], {
    cwd: folder,
    env: { ...process.env, NEXT_TELEMETRY_DISABLED: "1", ...env },
  })
}

/** Measures the starter, and an app with one empty page behind an empty gate and behind the guide's gate. */
export async function weigh(
  oryUrl: string,
  appPort: number,
  user: SignedIn,
  say: (line: string) => void,
): Promise<Weights> {
  say("building the starter")
  await build(projectDir, { ORY_SDK_URL: oryUrl })
  const starter = { gate: await gateWeight(projectDir), ...(await starterScripts(oryUrl, appPort, user)) }

  // The folder is outside this project, because Next would find the starter's gate in the folders above.
  const folder = await mkdtemp(join(tmpdir(), "bench-empty-"))
  try {
    await cp(join(import.meta.dirname, "alone"), folder, { recursive: true })
    await cp(join(import.meta.dirname, "gates"), join(folder, "gates"), { recursive: true })
    await symlink(join(projectDir, "node_modules"), join(folder, "node_modules"))
    const gate = async (name: string): Promise<number> => {
      say(`building an app with one empty page, gate: ${name}`)
      await writeFile(join(folder, "middleware.ts"), `export { middleware } from "./gates/${name}"\n`)
      await build(folder)
      return await gateWeight(folder)
    }
    const guide = await gate("guide")
    const empty = await gate("empty")
    const page = await withApp(folder, appPort, {}, (origin) => scripts(origin, "/"))
    return {
      gate: { empty, guide, starter: starter.gate },
      scripts: { empty: page, login: starter.login, dashboard: starter.dashboard },
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function starterScripts(
  oryUrl: string,
  port: number,
  user: SignedIn,
): Promise<{ login: number; dashboard: number }> {
  return withApp(projectDir, port, { ORY_SDK_URL: oryUrl, APP_URL: `http://localhost:${port}` }, async (origin) => ({
    login: await scripts(origin, "/auth/login"),
    dashboard: await scripts(origin, "/dashboard", user),
  }))
}

function scripts(origin: string, path: string, user?: SignedIn): Promise<number> {
  return withPage(origin, user, {}, (page) => scriptsWeight(page, path))
}

/** Serves the build in `folder` while `work` runs. */
async function withApp<T>(
  folder: string,
  port: number,
  env: Record<string, string>,
  work: (origin: string) => Promise<T>,
): Promise<T> {
  const stop = await startApp(port, env, undefined, folder)
  try {
    return await work(`http://localhost:${port}`)
  } finally {
    await stop()
  }
}
