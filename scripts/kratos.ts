import { createHash } from "node:crypto"
import { createReadStream, createWriteStream } from "node:fs"
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import type { ReadableStream } from "node:stream/web"
import envPaths from "env-paths"
import semver from "semver"
import { isAlive, SetupError, projectDir, run } from "./processes"

/** The supported version. It has release archives, but Go can't build it as a module. */
const SUPPORTED = "26.2.0"

/** The newest version that Go can build as a module. For local development without access to the release archives. */
const FALLBACK = "1.3.1"

/** In older versions, forged pagination tokens can inject SQL. https://pkg.go.dev/vuln/GO-2026-4801 */
const SAFE = "26.2.0"

export interface Kratos {
  /** Path of the binary. */
  path: string
  /** Without a `v`: `26.2.0`. */
  version: string
}

interface Archive {
  name: string
  /** Checksum that Ory published. */
  sha256: string
}

export interface KratosOptions {
  /** Folder for verified binaries. */
  cacheDir: string
  /** URL of the folder with the release archives. */
  releaseUrl: string
  /** Keys are `${process.platform}-${process.arch}`. */
  archives: Readonly<Record<string, Archive>>
  /** Folder with the `go.mod` that pins the fallback. */
  goModuleDir: string
  /** A download fails after this many milliseconds without a byte. */
  silenceMs: number
  log: (line: string) => void
}

const asset = (build: string, sha256: string): Archive => ({ name: `kratos_${SUPPORTED}-${build}.tar.gz`, sha256 })

const pinned: KratosOptions = {
  cacheDir: envPaths("ory-local", { suffix: "" }).cache,
  releaseUrl: `https://github.com/ory/kratos/releases/download/v${SUPPORTED}`,
  archives: {
    "linux-x64": asset("linux_sqlite_64bit", "c80113f2c861b2fbd80290697d1380000111e297716018617423cca7f2e7e668"),
    "linux-arm64": asset("linux_sqlite_arm64", "fd2cedebc4034ad1aef726f64665052c809fb05f86968e9c8a36372d7578e865"),
    "darwin-x64": asset("macOS_sqlite_64bit", "0ac76d0ad85fe452e711a2aafe56b49b0f5d1a57200f4464dcb48e7267c94062"),
    "darwin-arm64": asset("macOS_sqlite_arm64", "e198d84bde6e4b7c68714cdad00c8800edd88c2311adde8b08ea5469cea263ec"),
  },
  goModuleDir: join(projectDir, "scripts", "kratos-source"),
  silenceMs: 5000,
  log: console.log,
}

/** A warning about a known vulnerability of this version. Undefined for a version without a known one, or without a number. */
export function advisory(version: string): string | undefined {
  const number = semver.coerce(version)
  if (number === null || !semver.lt(number, SAFE)) return undefined
  return `Kratos ${version} has a known SQL injection (GO-2026-4801). Use it on this machine only. Use ${SAFE} or later everywhere else.`
}

/**
 * A Kratos binary: `KRATOS_BIN`, else the supported release from the cache or its archive, else the fallback from the cache or
 * a Go build. A cached fallback doesn't stop the download of the supported release. Files from the network and the cache run
 * only when their SHA-256 matches.
 *
 * @throws SetupError that lists all attempts and what the user can do.
 */
export async function kratosBinary(given: Partial<KratosOptions> = {}): Promise<Kratos> {
  const options = { ...pinned, ...given }
  const { cacheDir, releaseUrl, log } = options
  if (process.env.KRATOS_BIN) {
    const kratos = await givenKratos(process.env.KRATOS_BIN)
    const warning = advisory(kratos.version)
    if (warning !== undefined) log(warning)
    return kratos
  }

  await mkdir(cacheDir, { recursive: true })
  await removeLeftovers(cacheDir)
  const release = await obtain(releaseArchive(options), options).catch(asError)
  if (!(release instanceof Error)) return release
  const host = new URL(releaseUrl).host
  log(
    `Using Kratos ${FALLBACK} because ${SUPPORTED} could not be downloaded (${release.message.replaceAll("\n", " ")}). ${advisory(FALLBACK) ?? ""} ` +
      `To get ${SUPPORTED}, let this machine reach ${host}, or set KRATOS_BIN.`,
  )
  const build = await obtain(await goBuild(options), options).catch(asError)
  if (!(build instanceof Error)) return build
  throw new SetupError(
    [
      "Ory Kratos could not be installed. Tried:",
      `  - Release archive of ${SUPPORTED}: ${release.message.replaceAll("\n", "\n    ")}`,
      `  - Go build of ${FALLBACK}: ${build.message.replaceAll("\n", "\n    ")}`,
      "One of these helps:",
      `  - let this machine reach ${host}, and run the command again`,
      `  - download an archive with "sqlite" in its name from https://github.com/ory/kratos/releases/tag/v${SUPPORTED}, unpack it,`,
      "    and set KRATOS_BIN to the path of the binary",
      `  - install Go (https://go.dev/dl) and a C compiler for a build of ${FALLBACK}, and run the command again`,
    ].join("\n"),
  )
}

async function givenKratos(value: string): Promise<Kratos> {
  const path = resolve(value)
  const lines: string[] = []
  await run(path, ["version"], { log: (line) => lines.push(line) }).catch((error: unknown) => {
    throw new SetupError(
      `KRATOS_BIN is "${value}", which does not run. Set it to the path of an Ory Kratos binary, or remove it.\n${asError(error).message}`,
    )
  })
  const version = /^Version:\s*v?([\w.+-]+)\s*$/m.exec(lines.join("\n"))?.[1]
  if (version === undefined)
    throw new SetupError(
      `KRATOS_BIN is "${value}", which did not print a version of Kratos. Set it to the path of an Ory Kratos binary, or remove it.`,
    )
  return { path, version }
}

/** A way to get a binary: the release archive or a Go build. */
interface KratosSource {
  version: string
  /** Folder in the cache, for this version, platform and `go.mod`. */
  cached: string
  /** Writes the binary to `binary`. Temporary files may go to the folder `work`, which is removed afterwards. */
  make: (binary: string, work: string) => Promise<void>
}

async function obtain(source: KratosSource, options: KratosOptions): Promise<Kratos> {
  return {
    path: (await fromCache(source.cached, options.log)) ?? (await install(source, options)),
    version: source.version,
  }
}

/** Removes work folders whose process has ended. */
async function removeLeftovers(cacheDir: string): Promise<void> {
  for (const entry of await readdir(cacheDir)) {
    const pid = /^tmp-(\d+)-/.exec(entry)?.[1]
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(cacheDir, entry), { recursive: true, force: true })
  }
}

/** The verified binary in `folder`. Undefined when the folder has no binary. Removes a binary whose checksum changed. */
async function fromCache(folder: string, log: KratosOptions["log"]): Promise<string | undefined> {
  const binary = join(folder, "kratos")
  const expected = await readFile(`${binary}.sha256`, "utf8").catch(() => undefined)
  const actual = await sha256(binary).catch(() => undefined)
  if (actual === expected) return actual && binary
  log(`${binary} changed since it was cached, so it is replaced.`)
  await rm(folder, { recursive: true, force: true })
  return undefined
}

/** Creates the binary in a work folder, then moves it into the cache in one step. */
async function install(source: KratosSource, { cacheDir, log }: KratosOptions): Promise<string> {
  const work = await mkdtemp(join(cacheDir, `tmp-${process.pid}-`))
  try {
    const ready = join(work, "ready")
    const binary = join(ready, "kratos")
    await mkdir(ready)
    await source.make(binary, work)
    await chmod(binary, 0o755)
    // A correct archive may not run on this machine, for example because of its C library.
    await run(binary, ["version"])
    await writeFile(`${binary}.sha256`, await sha256(binary))
    await rename(ready, source.cached).catch((error: unknown) => {
      // Another process was faster. Its binary is verified too.
      if (!["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  const binary = await fromCache(source.cached, log)
  if (binary === undefined) throw new Error("the binary changed while it was put into the cache")
  return binary
}

function releaseArchive({ cacheDir, releaseUrl, archives, silenceMs, log }: KratosOptions): KratosSource {
  const platform = `${process.platform}-${process.arch}`
  const archive = archives[platform]
  return {
    version: SUPPORTED,
    cached: join(cacheDir, `kratos-${SUPPORTED}-${platform}`),
    make: async (binary, work) => {
      if (archive === undefined) throw new Error(`there is no release archive for ${platform}`)
      const url = `${releaseUrl}/${archive.name}`
      const file = join(work, archive.name)
      await download(url, file, silenceMs, log)
      const sum = await sha256(file)
      if (sum !== archive.sha256)
        throw new Error(`${url} has the SHA-256 ${sum}, not ${archive.sha256}, so it is not used`)
      const unpacked = join(work, "unpacked")
      await mkdir(unpacked)
      await run("tar", ["-xzf", file, "-C", unpacked])
      await rename(join(unpacked, "kratos"), binary)
    },
  }
}

async function goBuild({ cacheDir, goModuleDir, log }: KratosOptions): Promise<KratosSource> {
  const pins = createHash("sha256")
  for (const name of ["go.mod", "go.sum"]) pins.update(await readFile(join(goModuleDir, name)))
  return {
    version: FALLBACK,
    cached: join(
      cacheDir,
      `kratos-${FALLBACK}-${process.platform}-${process.arch}-go-${pins.digest("hex").slice(0, 12)}`,
    ),
    make: async (binary) => {
      log(`Building Kratos ${FALLBACK} with Go. This takes a few minutes, once.`)
      const started = Date.now()
      const heartbeat = setInterval(() => {
        log(`Still building, ${Math.round((Date.now() - started) / 1000)} s`)
      }, 15_000)
      const ldflags = `-s -w -X github.com/ory/kratos/driver/config.Version=v${FALLBACK}`
      try {
        await run(
          "go",
          ["build", "-tags", "sqlite,json1", "-ldflags", ldflags, "-o", binary, "github.com/ory/kratos"],
          {
            cwd: goModuleDir,
            // SQLite is written in C. Without a compiler, the build fails here instead of Kratos later.
            env: { ...process.env, CGO_ENABLED: "1" },
          },
        )
      } finally {
        clearInterval(heartbeat)
      }
    },
  }
}

/** Downloads to `file`. Throws when the status is not 200, the body is cut off, or no byte arrives for `silenceMs`. */
async function download(url: string, file: string, silenceMs: number, log: KratosOptions["log"]): Promise<void> {
  const silence = new AbortController()
  const timer = setTimeout(() => {
    silence.abort(new Error(`no response from ${new URL(url).host} for ${silenceMs / 1000} s`))
  }, silenceMs)
  try {
    const response = await fetch(url, { signal: silence.signal })
    if (!response.ok || response.body === null) throw new Error(`${url} responded with ${response.status}`)
    log(`Downloading ${url}`)
    const body = Readable.fromWeb(response.body as ReadableStream<Uint8Array>).on("data", () => timer.refresh())
    await pipeline(body, createWriteStream(file))
  } catch (error) {
    // The message of fetch is only "fetch failed" or "terminated". Its cause has the reason, sometimes only as a code.
    const cause = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined
    throw cause ? new Error(`${url}: ${cause.message || String(cause.code)}`) : error
  } finally {
    clearTimeout(timer)
  }
}

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256")
  await pipeline(createReadStream(file), hash)
  return hash.digest("hex")
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
