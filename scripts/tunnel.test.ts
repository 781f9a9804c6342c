import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import { freePorts } from "../e2e/ports"
import { stopAll } from "./processes"
import { startTunnel } from "./tunnel"

/** The Ory CLI needs an account, so a script takes its place. The tests check how the script is called and how its end is reported. */

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

/** Creates a program that records its arguments and environment, then runs `then`. */
async function standIn(name: string, then: string): Promise<void> {
  const file = join(folder, "bin", name)
  const source = `#!/usr/bin/env node
const args = process.argv.slice(2)
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

/** Starts the tunnel with only the test's programs on the PATH. */
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

  test("on the PATH is called with the project, Ory's port and the app's origin", async () => {
    await standIn("ory", serve())
    await standIn("npx", "process.exit(1)")
    await tunnel()
    expect((await called()).args).toEqual(plain())
    expect(said).toContain("To access Ory's APIs, use URL")
  })

  test("is downloaded by npx at a pinned version when it is not installed", async () => {
    await standIn("npx", serve())
    await tunnel()
    expect((await called()).args).toEqual(["--yes", expect.stringMatching(/^@ory\/cli@\d+\.\d+\.\d+$/), ...plain()])
  })

  test("is named in the error when npx is missing too", async () => {
    await expect(tunnel()).rejects.toThrow("ORY_PROJECT is set, but neither the Ory CLI nor npx is installed.")
  })

  test.each([
    [{}, ["--project", "my-project"]],
    [{ ORY_WORKSPACE: "my-workspace" }, ["--project", "my-project", "--workspace", "my-workspace"]],
    [{ ORY_WORKSPACE: " " }, ["--project", "my-project"]],
    [{ ORY_WORKSPACE: "my-workspace", ORY_WORKSPACE_API_KEY: "key" }, ["--project", "my-project"]],
    [{ ORY_PROJECT_API_KEY: "key", ORY_WORKSPACE: "my-workspace" }, []],
    [{ ORY_PROJECT_API_KEY: "", ORY_WORKSPACE_API_KEY: "" }, ["--project", "my-project"]],
  ])("with %j gets the flags %j", async (variables, flags) => {
    await standIn("ory", serve())
    await tunnel({ ...variables, PORT: "3000", ORY_PROJECT: "my-project" })
    const { args, env } = await called()
    expect(args).toEqual(["tunnel", ...flags, "--port", String(port), "http://localhost:3000"])
    for (const name of ["PORT", "ORY_PROJECT", "ORY_WORKSPACE"]) expect(env[name]).toBeUndefined()
    for (const [name, value] of Object.entries(variables))
      if (name.endsWith("KEY")) expect(env[name]).toBe(value === "" ? undefined : value)
  })
})

describe("a tunnel that ends", () => {
  test("before Ory responds is an error with the CLI's last lines", async () => {
    const line = "you are not authenticated, please run `ory auth` to authenticate"
    await standIn("ory", `console.error(${JSON.stringify(line)}); process.exit(3)`)
    await expect(tunnel()).rejects.toThrow(
      `The Ory tunnel stopped before it was ready. It exited with code 3:\n${line}`,
    )
  })

  test("after Ory responded reports the CLI's last lines", async () => {
    const end = `setTimeout(() => { console.error("dial tcp: i/o timeout"); process.exit(1) }, 1500)`
    await standIn("ory", `${serve()}; ${end}`)
    const { died } = await tunnel()
    expect(await died).toMatch(/^The Ory tunnel exited with code 1:\n[^]*dial tcp: i\/o timeout$/)
  })
})
