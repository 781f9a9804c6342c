import { once } from "node:events"
import { createServer, type AddressInfo, type Server } from "node:net"
import { afterEach, describe, expect, test } from "vitest"
import { freePorts } from "../e2e/ports"
import { assertPortFree, nodeModule, projectDir, run, stopAll } from "./processes"

afterEach(() => stopAll())

/** Runs a program with `runMain`. Rejects when its exit code is not 0. */
async function runMain(body: string): Promise<string> {
  const lines: string[] = []
  const source = `import { runMain, SetupError, start } from "./scripts/processes"\nawait runMain(async () => { ${body} })`
  const args = ["--import", "tsx", "--input-type=module", "--eval", source]
  await run(process.execPath, args, { cwd: projectDir, log: (line) => lines.push(line) })
  return lines.join("\n")
}

describe("runMain", () => {
  test("prints a SetupError without a stack trace, and fails", async () => {
    const failed = runMain(`throw new SetupError("Set PORT to a port number.")`)
    await expect(failed).rejects.toThrow(/exited with code 1:\n\s*Set PORT to a port number\.\s*$/)
  })

  test("prints other errors with their stack trace, and fails", async () => {
    await expect(runMain(`throw new TypeError("a bug")`)).rejects.toThrow(/TypeError: a bug\n\s+at /)
  })

  test("stops child processes, and exits with the exit code that main set", async () => {
    expect(await runMain(`await start("sleep", ["60"])`)).toBe("")
    await expect(runMain("process.exitCode = 3")).rejects.toThrow("exited with code 3")
  })
})

describe("freePorts", () => {
  test("never returns a port twice, and none that browsers block or systems use for outgoing connections", async () => {
    const ports = [...(await freePorts()), ...(await freePorts())]
    expect(new Set(ports).size).toBe(14)
    for (const port of ports) {
      expect(port).toBeGreaterThan(10_080)
      expect(port).toBeLessThan(32_768)
    }
  })
})

describe("assertPortFree", () => {
  async function listen(host: string): Promise<[Server, port: number]> {
    const server = createServer().listen(0, host)
    await once(server, "listening")
    return [server, (server.address() as AddressInfo).port]
  }

  test("accepts a free port", async () => {
    const [server, port] = await listen("127.0.0.1")
    await new Promise((resolve) => server.close(resolve))
    await expect(assertPortFree(port, "PORT")).resolves.toBeUndefined()
  })

  test.each(["127.0.0.1", "::1", "::"])("names the process that listens at %s, and the variable", async (host) => {
    const [server, port] = await listen(host)
    try {
      await expect(assertPortFree(port, "MAIL_PORT")).rejects.toThrow(
        new RegExp(`^Port ${port} is taken by process ${process.pid} \\(.+\\)\\. .*MAIL_PORT`),
      )
    } finally {
      server.close()
    }
  })
})

test("run rejects with the last lines of a program that fails", async () => {
  await expect(run(process.execPath, ["--eval", "console.log('last words'); process.exit(7)"])).rejects.toThrow(
    "exited with code 7:\nlast words",
  )
  await expect(run(nodeModule("missing"), [])).rejects.toThrow("cannot be started")
})
