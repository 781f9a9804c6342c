import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { freePorts, stopAll } from "./processes"
import { startTunnel } from "./tunnel"

/** The Ory CLI needs an account: here a script stands in for it. What it is told and what becomes of it is tested, not it. */

let folder: string
let port: number
let said: string[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "tunnel-test-"))
  await mkdir(join(folder, "bin"))
  await symlink(process.execPath, join(folder, "bin", "node"))
  ;[port] = await freePorts()
  said = []
})

afterEach(async () => {
  await stopAll()
  await rm(folder, { recursive: true })
})

/** A program of this name that writes down how it was called, and then does this. */
async function standIn(name: string, then: string): Promise<void> {
  const file = join(folder, "bin", name)
  const source = `#!/usr/bin/env node
const args = process.argv.slice(2)
if (["version", "--version"].includes(args[0])) process.exit(0)
require("node:fs").writeFileSync(${JSON.stringify(join(folder, "called.json"))}, JSON.stringify({ args, env: process.env }))
${then}
`
  await writeFile(file, source)
  await chmod(file, 0o755)
}

const serve = (): string =>
  `console.error("To access Ory's APIs, use URL"); require("node:http").createServer((q, s) => s.end("{}")).listen(${port}, "localhost")`

async function called(): Promise<{ args: string[]; env: Record<string, string> }> {
  return JSON.parse(await readFile(join(folder, "called.json"), "utf8")) as {
    args: string[]
    env: Record<string, string>
  }
}

/** Only the stand-ins are on this PATH, and what scripts need. */
function tunnel(variables: Record<string, string> = {}): ReturnType<typeof startTunnel> {
  const options = {
    project: "my-project",
    appUrl: "http://localhost:3000",
    oryUrl: `http://localhost:${port}`,
    log: (line: string) => said.push(line),
  }
  return startTunnel(options, { PATH: `${join(folder, "bin")}:/usr/bin/env-only`, HOME: folder, ...variables })
}

describe("the CLI", () => {
  const plain = (): string[] => ["tunnel", "--project", "my-project", "--port", String(port), "http://localhost:3000"]

  test("on the PATH is called for the project, on Ory's port, before the app", async () => {
    await standIn("ory", serve())
    await standIn("npx", "process.exit(1)")
    await tunnel()
    expect((await called()).args).toEqual(plain())
    expect(said).toContain("To access Ory's APIs, use URL")
  })

  test("is fetched by npx at a pinned version where there is none", async () => {
    await standIn("npx", serve())
    await tunnel()
    expect((await called()).args).toEqual(["--yes", expect.stringMatching(/^@ory\/cli@\d+\.\d+\.\d+$/), ...plain()])
  })

  test("is missed by name where there is no npx either", async () => {
    await expect(tunnel()).rejects.toThrow("ORY_PROJECT is set, but there is no Ory CLI here, and no npx to fetch it.")
  })

  test.each([
    [{}, ["--project", "my-project"]],
    [{ ORY_WORKSPACE: "my-workspace" }, ["--project", "my-project", "--workspace", "my-workspace"]],
    [{ ORY_WORKSPACE: " " }, ["--project", "my-project"]],
    [{ ORY_WORKSPACE: "my-workspace", ORY_WORKSPACE_API_KEY: "key" }, ["--project", "my-project"]],
    [{ ORY_PROJECT_API_KEY: "key", ORY_WORKSPACE: "my-workspace" }, []],
    [{ ORY_PROJECT_API_KEY: "", ORY_WORKSPACE_API_KEY: "" }, ["--project", "my-project"]],
  ])("with %j is told %j", async (variables, flags) => {
    await standIn("ory", serve())
    await tunnel({ ...variables, PORT: "3000", ORY_PROJECT: "my-project" })
    const { args, env } = await called()
    expect(args).toEqual(["tunnel", ...flags, "--port", String(port), "http://localhost:3000"])
    for (const name of ["PORT", "ORY_PROJECT", "ORY_WORKSPACE"]) expect(env[name]).toBeUndefined()
    for (const [name, value] of Object.entries(variables))
      if (name.endsWith("KEY")) expect(env[name]).toBe(value === "" ? undefined : value)
  })
})

describe("a failure is explained", () => {
  test.each([
    [
      "you are not authenticated, please run `ory auth` to authenticate",
      "You are not signed in to Ory Network. Run `npx @ory/cli auth` once",
    ],
    [
      "your session or key has expired or has otherwise become invalid, re-authenticate to continue",
      "You are not signed in",
    ],
    ["Do you want to sign in? [y/n]: Error: EOF", "You are not signed in"],
    [
      "No project found with slug or ID my-project.\nAll known slugs: [a b]",
      "There is no such project that you may use. Look at ORY_PROJECT",
    ],
    ['The slug or ID prefix "m" is not unique, please use more characters.', "There is no such project"],
    ["listen tcp :4000: bind: address already in use", "Its port is taken."],
    ["dial tcp: lookup api.console.ory.sh: no such host", "Ory Network is not reached from here"],
    ["npm error code ENOTFOUND", "Ory Network is not reached from here"],
  ])("%s", async (line, cure) => {
    await standIn("ory", `console.error(${JSON.stringify(line)}); process.exit(1)`)
    const error: unknown = await tunnel().catch((reason: unknown) => reason)
    expect(String(error)).toContain(`The Ory tunnel exited with code 1. ${cure}`)
    // What it said itself is not lost.
    expect(String(error)).toContain(line)
  })

  test("as far as it can be: of something else, what was said is all there is", async () => {
    await standIn("ory", `console.error("flux compensator"); process.exit(3)`)
    await expect(tunnel()).rejects.toThrow("The Ory tunnel exited with code 3.\nflux compensator")
  })

  test("also later, when it had run", async () => {
    await standIn(
      "ory",
      `${serve()}; setTimeout(() => { console.error("dial tcp: i/o timeout"); process.exit(1) }, 1500)`,
    )
    const { died } = await tunnel()
    expect(await died).toContain("The Ory tunnel exited with code 1. Ory Network is not reached from here")
  })
})
