import which from "which"
import type { Variables } from "../lib/env"
import { SetupError, start, waitForUrl } from "./processes"

/** The Ory CLI that npx downloads when none is installed. https://www.npmjs.com/package/@ory/cli */
const ORY_CLI = "@ory/cli@1.1.0"

export interface TunnelOptions {
  /** Id or slug of the project. */
  project: string
  /** Origin of the app. Ory redirects to it by default. */
  appUrl: string
  /** Origin of the tunnel: a port of localhost. */
  oryUrl: string
  log: (line: string) => void
}

/**
 * Starts `ory tunnel`, which makes an Ory Network project available on a port of this machine. Resolves when Ory responds there.
 * https://www.ory.com/docs/cli/ory-tunnel
 *
 * @param variables The environment: API keys, workspace, and the PATH with the CLI.
 * @returns A promise of the CLI's last lines, for when the tunnel has ended.
 * @throws SetupError when there is no CLI and no npx, or with the CLI's last lines when the tunnel ends first.
 */
export async function startTunnel(
  { project, appUrl, oryUrl, log }: TunnelOptions,
  variables: Variables = process.env,
): Promise<{ died: Promise<string> }> {
  // The CLI would use PORT, which is the app's, and would take an empty variable for a key.
  const removed = ["PORT", "ORY_PROJECT", "ORY_WORKSPACE"]
  const env = Object.fromEntries(
    Object.entries(variables).filter(([name, value]) => !removed.includes(name) && value !== ""),
  )
  const [file, ...before] = oryCli(env.PATH)
  const args = ["tunnel", ...flags(project, variables), "--port", new URL(oryUrl).port || "80", appUrl]
  const running = await start(file, [...before, ...args], { env, log })
  await waitForUrl("The Ory tunnel", `${oryUrl}/health/alive`, running)
  return { died: running.died("The Ory tunnel") }
}

/** An API key already names its project or workspace. The CLI refuses a key together with the flag. */
function flags(project: string, variables: Variables): string[] {
  if (variables.ORY_PROJECT_API_KEY) return []
  const workspace = variables.ORY_WORKSPACE_API_KEY ? undefined : variables.ORY_WORKSPACE?.trim()
  return ["--project", project, ...(workspace ? ["--workspace", workspace] : [])]
}

/** The command that runs the Ory CLI: `ory` on the PATH, else npx. */
function oryCli(path: string | undefined): [string, ...string[]] {
  const onPath = (name: string): boolean => which.sync(name, { path, nothrow: true }) !== null
  if (onPath("ory")) return ["ory"]
  if (onPath("npx")) return ["npx", "--yes", ORY_CLI]
  throw new SetupError(
    "ORY_PROJECT is set, but neither the Ory CLI nor npx is installed. Install the CLI: https://www.ory.com/docs/guides/cli/installation",
  )
}
