import { SetupError, run, start, waitForUrl } from "./processes"

/** The Ory CLI that is fetched where none is on the PATH. https://www.npmjs.com/package/@ory/cli */
const ORY_CLI = "@ory/cli@1.1.0"

export interface TunnelOptions {
  /** Id or slug of the project. */
  project: string
  /** Origin of the app: where Ory sends people who have nowhere else to be. */
  appUrl: string
  /** Origin that the tunnel is to have: a port of localhost. */
  oryUrl: string
  log: (line: string) => void
}

export interface Tunnel {
  /** Resolves to a sentence when it ended by itself. */
  readonly died: Promise<string>
}

type Source = Readonly<Record<string, string | undefined>>

/** Part of what the CLI or npx writes when it fails, as read in their sources, and what to do. The first that matches counts. */
const FAILURES: readonly [said: RegExp, cure: string][] = [
  [
    /not authenticated|re-authenticate|authenticate the CLI|\bEOF$|401 Unauthorized/im,
    "You are not signed in to Ory Network. Run `npx @ory/cli auth` once (`ory auth`, where the CLI is installed), or set ORY_PROJECT_API_KEY.",
  ],
  [
    /no project found|is not unique|no projects were found|no project was specified|unable to get project|no workspace/i,
    "There is no such project that you may use. Look at ORY_PROJECT, an id or a slug, and at ORY_WORKSPACE. `npx @ory/cli list projects` shows yours.",
  ],
  [
    /address already in use/i,
    "Its port is taken. Stop what is there, or move ORY_SDK_URL to another port of localhost.",
  ],
  [
    /no such host|dial tcp|unreachable|timeout|handshake|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|npm error/i,
    "Ory Network is not reached from here, or what npx fetches the CLI from. Look at the network and its proxies.",
  ],
]

/**
 * Starts `ory tunnel`, which is Ory Network on a port of this machine. Resolves when Ory answers through it.
 * https://www.ory.com/docs/cli/ory-tunnel
 *
 * @param source The environment: keys, workspace, and the PATH on which the CLI is looked for.
 * @throws SetupError when there is no CLI and none can be fetched, or the tunnel ends before it answers: why, and the cure.
 */
export async function startTunnel(
  { project, appUrl, oryUrl, log }: TunnelOptions,
  source: Source = process.env,
): Promise<Tunnel> {
  // PORT is the app's, and the tunnel would take it. What is there and empty, the CLI takes for a key.
  const env = Object.fromEntries(
    Object.entries(source).filter(
      ([name, value]) => !["PORT", "ORY_PROJECT", "ORY_WORKSPACE"].includes(name) && value !== "",
    ),
  )
  const [file, ...before] = await oryCli(env)
  const args = ["tunnel", ...flags(project, source), "--port", new URL(oryUrl).port || "80", appUrl]
  const running = await start(file, [...before, ...args], { env, log })

  const died = running.died.then(({ how, lastLines }) => {
    const cure = FAILURES.find(([said]) => said.test(lastLines))?.[1]
    return [`The Ory tunnel ${how}.${cure === undefined ? "" : ` ${cure}`}`, lastLines]
      .filter((part) => part !== "")
      .join("\n")
  })
  const ended = died.then((why) => {
    throw new SetupError(why)
  })
  await Promise.race([waitForUrl("The Ory tunnel", `${oryUrl}/health/alive`, running), ended])
  ended.catch(() => undefined)
  return { died }
}

/** The CLI refuses a key together with what the key already says: a project's key its project, a workspace's its workspace. */
function flags(project: string, source: Source): string[] {
  if (source.ORY_PROJECT_API_KEY) return []
  const workspace = source.ORY_WORKSPACE_API_KEY ? undefined : source.ORY_WORKSPACE?.trim()
  return ["--project", project, ...(workspace ? ["--workspace", workspace] : [])]
}

/** The command that is the Ory CLI: one on the PATH, else one that npx fetches. */
async function oryCli(env: Source): Promise<[string, ...string[]]> {
  const works = (file: string, ...args: string[]): Promise<boolean> =>
    run(file, args, { env }).then(
      () => true,
      () => false,
    )
  if (await works("ory", "version")) return ["ory"]
  if (await works("npx", "--version")) return ["npx", "--yes", ORY_CLI]
  throw new SetupError(
    "ORY_PROJECT is set, but there is no Ory CLI here, and no npx to fetch it. Install it: https://www.ory.com/docs/guides/cli/installation",
  )
}
