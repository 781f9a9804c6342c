import { createHash } from "node:crypto"
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { createServer, type RequestListener, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { execa } from "execa"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import { advisory, kratosBinary, type KratosOptions } from "./kratos"
import { freePorts } from "../e2e/ports"

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
  archive = await archiveOf(program("v26.2.0"))
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

/** A script that prints a version like `kratos version`. */
const program = (version: string): string => `#!/bin/sh\necho 'Version:			${version}'\n`

/** A release archive that contains this script as `kratos`. */
async function archiveOf(script: string): Promise<Buffer> {
  await writeFile(join(folder, "kratos"), script, { mode: 0o755 })
  await execa("tar", ["-czf", "archive.tar.gz", "kratos"], { cwd: folder })
  return readFile(join(folder, "archive.tar.gz"))
}

/** Options with an archive on loopback, and a folder in which the Go build fails. */
async function sources(sha256 = sum(archive)): Promise<Partial<KratosOptions>> {
  const goModuleDir = join(folder, "empty-module")
  await mkdir(goModuleDir, { recursive: true })
  await writeFile(join(goModuleDir, "go.mod"), "module empty\n")
  await writeFile(join(goModuleDir, "go.sum"), "")
  return {
    cacheDir,
    releaseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v26`,
    archives: { [`${process.platform}-${process.arch}`]: { name: "kratos.tar.gz", sha256 } },
    goModuleDir,
    silenceMs: 800,
    log: (line) => said.push(line),
  }
}

const sum = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex")

/** Puts a `go` first on the PATH that builds a Kratos 1.3.1. */
async function standInGo(): Promise<void> {
  const bin = join(folder, "bin")
  await mkdir(bin)
  const build = `while [ "$1" != "-o" ]; do shift; done\ncat > "$2" <<'END'\n${program("v1.3.1")}END\n`
  await writeFile(join(bin, "go"), `#!/bin/sh\n${build}`, { mode: 0o755 })
  vi.stubEnv("PATH", bin + delimiter + (process.env.PATH ?? ""))
}

describe("release archive", () => {
  test("is used when its checksum matches", async () => {
    const { path, version } = await kratosBinary(await sources())
    expect(version).toBe("26.2.0")
    expect((await execa(path)).stdout).toContain("v26.2.0")
    expect(await readdir(cacheDir)).toHaveLength(1)
    expect(said).toEqual([expect.stringMatching(/^Downloading http:/)])
  })

  test("never runs when its checksum differs", async () => {
    const marker = join(folder, "was-run")
    archive = await archiveOf(`#!/bin/sh\ntouch '${marker}'\n`)
    const refused = kratosBinary(await sources("0".repeat(64)))
    await expect(refused).rejects.toThrow(/has the SHA-256 [0-9a-f]{64}, not 0{64}, so it is not used/)
    expect(await readdir(cacheDir)).toEqual([])
    expect(await readdir(folder)).not.toContain("was-run")
  })

  test("is rejected when the download is cut off", async () => {
    answer = (_request, response) => {
      response.writeHead(200, { "content-length": archive.length })
      response.write(archive.subarray(0, archive.length / 2), () => response.destroy())
    }
    await expect(kratosBinary(await sources())).rejects.toThrow(
      /Release archive of 26.2.0: http:\S+: other side closed/,
    )
    expect(await readdir(cacheDir)).toEqual([])
  })

  test("is rejected when the download stalls", async () => {
    answer = (_request, response) => {
      response.writeHead(200, { "content-length": archive.length })
      response.write(archive.subarray(0, 10))
    }
    await expect(kratosBinary(await sources())).rejects.toThrow("no response from 127.0.0.1")
    expect(await readdir(cacheDir)).toEqual([])
  })

  test("is rejected when its program does not run on this machine", async () => {
    archive = await archiveOf("#!/nowhere/interpreter\n")
    await expect(kratosBinary(await sources())).rejects.toThrow("cannot be started")
    expect(await readdir(cacheDir)).toEqual([])
  })
})

describe("fallback", () => {
  beforeEach(standInGo)

  test("is built with Go when the archive is missing, and one log line says why and what to do", async () => {
    answer = (_request, response) => response.writeHead(404).end()
    const { path, version } = await kratosBinary(await sources())
    expect(version).toBe("1.3.1")
    expect((await execa(path)).stdout).toContain("v1.3.1")
    expect(said).toEqual([
      expect.stringMatching(
        /^Using Kratos 1\.3\.1 because 26\.2\.0 could not be downloaded \(http\S+ responded with 404\)\. .*GO-2026-4801.*on this machine only.*To get 26\.2\.0, let this machine reach 127\.0\.0\.1:\d+, or set KRATOS_BIN\.$/,
      ),
      expect.stringContaining("Building Kratos 1.3.1 with Go."),
    ])
  })

  test("in the cache does not stop the next start from downloading the release", async () => {
    const release = answer
    answer = (_request, response) => response.writeHead(503).end()
    expect((await kratosBinary(await sources())).version).toBe("1.3.1")
    answer = release
    expect((await kratosBinary(await sources())).version).toBe("26.2.0")
    expect((await kratosBinary(await sources())).version).toBe("26.2.0")
    expect(requests).toBe(2)
  })

  test("in the cache is used quickly when the network is silent, after one log line", async () => {
    answer = () => undefined
    await kratosBinary(await sources())
    said = []
    const started = Date.now()
    expect((await kratosBinary(await sources())).version).toBe("1.3.1")
    expect(Date.now() - started).toBeLessThan(3000)
    expect(said).toEqual([expect.stringContaining("(no response from 127.0.0.1")])
  })

  test("is used when nothing listens at the address of the archive", async () => {
    const [port] = await freePorts()
    const kratos = await kratosBinary({ ...(await sources()), releaseUrl: `http://localhost:${port}/v26` })
    expect(kratos.version).toBe("1.3.1")
    expect(said[0]).toContain("ECONNREFUSED")
  })
})

describe("cache", () => {
  test("is used without the network", async () => {
    const kratos = await kratosBinary(await sources())
    expect(await kratosBinary(await sources())).toEqual(kratos)
    expect(requests).toBe(1)
  })

  test("replaces a binary with a changed byte, and logs it", async () => {
    const { path } = await kratosBinary(await sources())
    const before = await readFile(path)
    await appendFile(path, "#")
    expect((await kratosBinary(await sources())).path).toBe(path)
    expect(await readFile(path)).toEqual(before)
    expect(said).toContainEqual(expect.stringContaining("changed since it was cached"))
    expect(requests).toBe(2)
  })

  test("survives two starts at the same time", async () => {
    const [one, two] = await Promise.all([kratosBinary(await sources()), kratosBinary(await sources())])
    expect(one).toEqual(two)
    expect((await execa(one.path)).stdout).toContain("v26.2.0")
    expect(await readdir(cacheDir)).toHaveLength(1)
  })

  test("removes the work folders of dead processes, and keeps those of living ones", async () => {
    const dead = execa("true")
    await dead
    await mkdir(join(cacheDir, `tmp-${String(dead.pid)}-dead`), { recursive: true })
    await mkdir(join(cacheDir, `tmp-${process.pid}-alive`))
    await kratosBinary(await sources())
    expect((await readdir(cacheDir)).filter((name) => name.startsWith("tmp-"))).toEqual([`tmp-${process.pid}-alive`])
  })
})

describe("KRATOS_BIN", () => {
  async function given(script: string): Promise<string> {
    const path = join(folder, "given")
    await writeFile(path, script, { mode: 0o755 })
    vi.stubEnv("KRATOS_BIN", path)
    return path
  }

  test("is used first, with the version that it prints", async () => {
    const path = await given(program("v26.3.0-pre.1"))
    expect(await kratosBinary(await sources())).toEqual({ path, version: "26.3.0-pre.1" })
    expect(requests).toBe(0)
    expect(said).toEqual([])
  })

  test("is used after a warning when its version has a known advisory", async () => {
    const path = await given(program("v25.4.0"))
    expect(await kratosBinary(await sources())).toEqual({ path, version: "25.4.0" })
    expect(said).toEqual([expect.stringMatching(/^Kratos 25\.4\.0 has a known SQL injection \(GO-2026-4801\)/)])
  })

  test("is an error when it does not run, without a fallback", async () => {
    vi.stubEnv("KRATOS_BIN", join(folder, "missing"))
    await expect(kratosBinary(await sources())).rejects.toThrow(/KRATOS_BIN is ".*missing", which does not run/)
    expect(requests).toBe(0)
  })

  test("is an error when it is not Kratos", async () => {
    await given("#!/bin/sh\necho hello\n")
    await expect(kratosBinary(await sources())).rejects.toThrow(
      /KRATOS_BIN is ".*given", which did not print a version/,
    )
  })
})

test.each([
  ["1.3.1", true],
  ["25.4.0", true],
  ["26.1.9", true],
  ["26.2.0", false],
  ["27.0.0", false],
  // A custom build without a version number.
  ["master", false],
])("Kratos %s has a known advisory: %s", (version, known) => {
  expect(advisory(version) !== undefined).toBe(known)
})

test("lists all attempts and what to do when every source fails", async () => {
  answer = (_request, response) => response.writeHead(404).end()
  await expect(kratosBinary(await sources())).rejects.toThrow(
    /Tried:\n {2}- Release archive of 26\.2\.0: http\S+ responded with 404\n {2}- Go build of 1\.3\.1: go build [^]*One of these helps:[^]*KRATOS_BIN/,
  )
})
