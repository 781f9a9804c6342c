import { createHash } from "node:crypto"
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { createServer, type RequestListener, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { execa } from "execa"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { kratosBinary, type KratosSources } from "./kratos"

let folder: string
let cacheDir: string
let archive: Buffer
let server: Server
let requests: number
let answer: RequestListener
let said: string[]

beforeEach(async () => {
  vi.stubEnv("KRATOS_BIN", "")
  folder = await mkdtemp(join(tmpdir(), "kratos-test-"))
  cacheDir = join(folder, "cache")
  archive = await archiveOf("#!/bin/sh\necho fake Kratos\n")
  requests = 0
  said = []
  answer = (_request, response) => response.end(archive)
  server = createServer((request, response) => {
    requests++
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
})

afterEach(async () => {
  vi.unstubAllEnvs()
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await rm(folder, { recursive: true })
})

/** A release archive whose `kratos` is this script. */
async function archiveOf(script: string): Promise<Buffer> {
  await writeFile(join(folder, "kratos"), script, { mode: 0o755 })
  await execa("tar", ["-czf", "archive.tar.gz", "kratos"], { cwd: folder })
  return readFile(join(folder, "archive.tar.gz"))
}

/** Sources that know only the archive on loopback: the folder for the Go build has nothing to build. */
async function sources(sha256 = sum(archive)): Promise<Partial<KratosSources>> {
  const goModuleDir = join(folder, "empty-module")
  await mkdir(goModuleDir, { recursive: true })
  await writeFile(join(goModuleDir, "go.mod"), "module empty\n")
  await writeFile(join(goModuleDir, "go.sum"), "")
  return {
    cacheDir,
    releaseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    archives: { [`${process.platform}-${process.arch}`]: { name: "kratos.tar.gz", sha256 } },
    goModuleDir,
    silenceMs: 300,
    log: (line) => said.push(line),
  }
}

const sum = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex")

describe("download", () => {
  test("with the right sum is unpacked and runs", async () => {
    const binary = await kratosBinary(await sources())
    expect((await execa(binary)).stdout).toBe("fake Kratos")
    expect(await readdir(cacheDir)).toHaveLength(1)
  })

  test("with another sum is refused and never run", async () => {
    const marker = join(folder, "was-run")
    archive = await archiveOf(`#!/bin/sh\ntouch '${marker}'\n`)
    await expect(kratosBinary(await sources("0".repeat(64)))).rejects.toThrow(/has the SHA-256 [0-9a-f]{64}, not 0{64}: it is not used/)
    expect(await readdir(cacheDir)).toEqual([])
    expect(await readdir(folder)).not.toContain("was-run")
  })

  test("that is cut off is refused", async () => {
    answer = (_request, response) => {
      response.writeHead(200, { "content-length": archive.length })
      response.write(archive.subarray(0, archive.length / 2), () => response.destroy())
    }
    await expect(kratosBinary(await sources())).rejects.toThrow(/Release archive: http:\S+: other side closed/)
    expect(await readdir(cacheDir)).toEqual([])
  })

  test("that falls silent is given up", async () => {
    answer = (_request, response) => {
      response.writeHead(200, { "content-length": archive.length })
      response.write(archive.subarray(0, 10))
    }
    await expect(kratosBinary(await sources())).rejects.toThrow("no answer from 127.0.0.1")
    expect(await readdir(cacheDir)).toEqual([])
  })

  test("that holds a program this machine cannot run is refused", async () => {
    archive = await archiveOf("#!/nowhere/interpreter\n")
    await expect(kratosBinary(await sources())).rejects.toThrow("cannot be started")
    expect(await readdir(cacheDir)).toEqual([])
  })
})

describe("cache", () => {
  test("is used without the network", async () => {
    const binary = await kratosBinary(await sources())
    expect(await kratosBinary(await sources())).toBe(binary)
    expect(requests).toBe(1)
  })

  test("with a changed byte is refused, said, and filled again", async () => {
    const binary = await kratosBinary(await sources())
    const before = await readFile(binary)
    await appendFile(binary, "#")
    expect(await kratosBinary(await sources())).toBe(binary)
    expect(await readFile(binary)).toEqual(before)
    expect(said).toContainEqual(expect.stringContaining("has changed since it was put there"))
    expect(requests).toBe(2)
  })

  test("survives two runs at the same time", async () => {
    const [one, two] = await Promise.all([kratosBinary(await sources()), kratosBinary(await sources())])
    expect(one).toBe(two)
    expect((await execa(one)).stdout).toBe("fake Kratos")
    expect(await readdir(cacheDir)).toHaveLength(1)
  })

  test("loses what dead runs left behind, and keeps what living ones work on", async () => {
    const dead = execa("true")
    await dead
    await mkdir(join(cacheDir, `tmp-${String(dead.pid)}-dead`), { recursive: true })
    await mkdir(join(cacheDir, `tmp-${process.pid}-alive`))
    await kratosBinary(await sources())
    expect((await readdir(cacheDir)).filter((name) => name.startsWith("tmp-"))).toEqual([`tmp-${process.pid}-alive`])
  })
})

describe("KRATOS_BIN", () => {
  test("comes first", async () => {
    const binary = join(folder, "kratos")
    vi.stubEnv("KRATOS_BIN", binary)
    expect(await kratosBinary(await sources())).toBe(binary)
    expect(requests).toBe(0)
  })

  test("that is no program is an error, not a reason to look elsewhere", async () => {
    vi.stubEnv("KRATOS_BIN", join(folder, "missing"))
    await expect(kratosBinary(await sources())).rejects.toThrow(/KRATOS_BIN is ".*missing", which is not a program that runs/)
    expect(requests).toBe(0)
  })
})

test("when nothing works, one message lists what was tried and what helps", async () => {
  answer = (_request, response) => response.writeHead(404).end()
  await expect(kratosBinary(await sources())).rejects.toThrow(
    /Tried:\n {2}- Release archive: http\S+ answered 404\n {2}- Go build: go build [^]*One of these helps:[^]*KRATOS_BIN/,
  )
})
