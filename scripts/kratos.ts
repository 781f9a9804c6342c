import { hash } from "node:crypto"
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import envPaths from "env-paths"
import { execa } from "execa"
import semver from "semver"
import { messageOf, projectDir, run, SetupError, signalTo } from "./processes"

/** The supported version. It has release archives, but Go can't build it as a module. */
const SUPPORTED = "26.2.0"

/** The newest version that Go can build as a module. For local development without access to the release archives. */
const FALLBACK = "1.3.1"

/** In older versions, forged pagination tokens can inject SQL. https://pkg.go.dev/vuln/GO-2026-4801 */
const SAFE = "26.2.0"

const PLATFORM = `${process.platform}-${process.arch}`

export interface Kratos {
  /** Path of the binary. */
  path: string
  /** Without a `v`: `26.2.0`. */
  version: string
}

/** A release archive of Ory, and the checksum that Ory published. */
const asset = (build: string, sha256: string) => ({ name: `kratos_${SUPPORTED}-${build}.tar.gz`, sha256 })

const defaults = {
  /** Folder for verified binaries. */
  cacheDir: envPaths("ory-local", { suffix: "" }).cache,
  /** URL of the folder with the release archives. */
  releaseUrl: `https://github.com/ory/kratos/releases/download/v${SUPPORTED}`,
  archives: {
    "linux-x64": asset("linux_sqlite_64bit", "c80113f2c861b2fbd80290697d1380000111e297716018617423cca7f2e7e668"),
    "linux-arm64": asset("linux_sqlite_arm64", "fd2cedebc4034ad1aef726f64665052c809fb05f86968e9c8a36372d7578e865"),
    "darwin-x64": asset("macOS_sqlite_64bit", "0ac76d0ad85fe452e711a2aafe56b49b0f5d1a57200f4464dcb48e7267c94062"),
    "darwin-arm64": asset("macOS_sqlite_arm64", "e198d84bde6e4b7c68714cdad00c8800edd88c2311adde8b08ea5469cea263ec"),
  } as Readonly<Record<string, { name: string; sha256: string }>>,
  /** Folder with the `go.mod` that pins the fallback. */
  goModuleDir: join(projectDir, "scripts", "kratos-source"),
  /** A download fails after this many milliseconds without a byte. */
  silenceMs: 5000,
  log: (line: string): void => {
    console.log(line)
  },
}

export type KratosOptions = typeof defaults

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
  const options = { ...defaults, ...given }
  const { cacheDir, releaseUrl, log } = options
  if (process.env.KRATOS_BIN) {
    const kratos = await givenKratos(process.env.KRATOS_BIN)
    const warning = advisory(kratos.version)
    if (warning !== undefined) log(warning)
    return kratos
  }

  await mkdir(cacheDir, { recursive: true }).catch((error: unknown) => {
    throw new SetupError(
      `The folder ${cacheDir} can't be created: ${messageOf(error)}. Set XDG_CACHE_HOME to a folder that you can write to, or KRATOS_BIN to a Kratos binary.`,
    )
  })
  await removeLeftovers(cacheDir)
  const release = await releaseArchive(options).catch(messageOf)
  if (typeof release !== "string") return release
  const host = new URL(releaseUrl).host
  log(
    `Using Kratos ${FALLBACK} because ${SUPPORTED} could not be downloaded (${release.replaceAll("\n", " ")}). ${advisory(FALLBACK) ?? ""} ` +
      `To get ${SUPPORTED}, let this machine reach ${host}, or set KRATOS_BIN.`,
  )
  const build = await goBuild(options).catch(messageOf)
  if (typeof build !== "string") return build
  throw new SetupError(
    [
      "Ory Kratos could not be installed. Tried:",
      `  - Release archive of ${SUPPORTED}: ${release.replaceAll("\n", "\n    ")}`,
      `  - Go build of ${FALLBACK}: ${build.replaceAll("\n", "\n    ")}`,
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
  const { failed, message, stdout } = await execa(path, ["version"], { reject: false })
  const version = /^Version:\s*v?([\w.+-]+)\s*$/m.exec(stdout)?.[1]
  if (!failed && version !== undefined) return { path, version }
  const why = failed ? "does not run" : "did not print a version of Kratos"
  throw new SetupError(
    `KRATOS_BIN is "${value}", which ${why}. Set it to the path of an Ory Kratos binary, or remove it.\n${message ?? ""}`,
  )
}

/** Removes work folders whose process has ended. */
async function removeLeftovers(cacheDir: string): Promise<void> {
  for (const entry of await readdir(cacheDir)) {
    const pid = /^tmp-(\d+)-/.exec(entry)?.[1]
    if (pid !== undefined && !signalTo(Number(pid), 0))
      await rm(join(cacheDir, entry), { recursive: true, force: true })
  }
}

/**
 * The verified binary in the cache folder `name`. If it is missing or its checksum changed, `make` writes a new one to the path that
 * it gets. That path is in a work folder, which moves into the cache in one step.
 */
async function cached(
  name: string,
  { cacheDir, log }: KratosOptions,
  make: (binary: string) => Promise<void>,
): Promise<string> {
  const folder = join(cacheDir, name)
  const binary = join(folder, "kratos")
  const expected = await readFile(`${binary}.sha256`, "utf8").catch(() => undefined)
  const actual = await sha256(binary).catch(() => undefined)
  if (actual !== undefined && actual === expected) return binary
  if (actual !== expected) {
    log(`${binary} changed since it was cached, so it is replaced.`)
    await rm(folder, { recursive: true, force: true })
  }

  const work = await mkdtemp(join(cacheDir, `tmp-${process.pid}-`))
  const made = join(work, "kratos")
  try {
    await make(made)
    await chmod(made, 0o755)
    // A correct archive may not run on this machine, for example because of its C library.
    await run(made, ["version"])
    await writeFile(`${made}.sha256`, await sha256(made))
    await rename(work, folder).catch((error: unknown) => {
      // Another process was faster. Its binary is verified too.
      if (!["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return binary
}

async function releaseArchive(options: KratosOptions): Promise<Kratos> {
  const path = await cached(`kratos-${SUPPORTED}-${PLATFORM}`, options, async (binary) => {
    const archive = options.archives[PLATFORM]
    if (archive === undefined) throw new Error(`there is no release archive for ${PLATFORM}`)
    const url = `${options.releaseUrl}/${archive.name}`
    const bytes = await download(url, options)
    const sum = hash("sha256", bytes)
    if (sum !== archive.sha256)
      throw new Error(`${url} has the SHA-256 ${sum}, not ${archive.sha256}, so it is not used`)
    await execa("tar", ["-xzf", "-", "-C", dirname(binary)], { input: bytes })
  })
  return { path, version: SUPPORTED }
}

async function goBuild(options: KratosOptions): Promise<Kratos> {
  const { goModuleDir, log } = options
  const pins = await Promise.all(["go.mod", "go.sum"].map((file) => readFile(join(goModuleDir, file), "utf8")))
  const name = `kratos-${FALLBACK}-${PLATFORM}-go-${hash("sha256", pins.join("")).slice(0, 12)}`
  const path = await cached(name, options, async (binary) => {
    log(`Building Kratos ${FALLBACK} with Go. This takes a few minutes, once.`)
    const started = Date.now()
    const heartbeat = setInterval(() => {
      log(`Still building, ${Math.round((Date.now() - started) / 1000)} s`)
    }, 15_000)
    const ldflags = `-s -w -X github.com/ory/kratos/driver/config.Version=v${FALLBACK}`
    const args = ["build", "-tags", "sqlite,json1", "-ldflags", ldflags, "-o", binary, "github.com/ory/kratos"]
    // SQLite is written in C. Without a compiler, the build fails here instead of Kratos later.
    const env = { ...process.env, CGO_ENABLED: "1" }
    await run("go", args, { cwd: goModuleDir, env }).finally(() => {
      clearInterval(heartbeat)
    })
  })
  return { path, version: FALLBACK }
}

/** Throws when the status is not 200, the body is cut off, or no byte arrives for `silenceMs`. */
async function download(url: string, { silenceMs, log }: KratosOptions): Promise<Buffer> {
  const silence = new AbortController()
  const timer = setTimeout(() => {
    silence.abort(new Error(`no response from ${new URL(url).host} for ${silenceMs / 1000} s`))
  }, silenceMs)
  try {
    const response = await fetch(url, { signal: silence.signal })
    if (!response.ok || response.body === null) throw new Error(`${url} responded with ${response.status}`)
    log(`Downloading ${url}`)
    const chunks: Uint8Array[] = []
    for await (const chunk of response.body) {
      chunks.push(chunk)
      timer.refresh()
    }
    return Buffer.concat(chunks)
  } catch (error) {
    // The message of fetch is only "fetch failed" or "terminated". Its cause has the reason, sometimes only as a code.
    const cause = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined
    throw cause ? new Error(`${url}: ${cause.message || String(cause.code)}`) : error
  } finally {
    clearTimeout(timer)
  }
}

async function sha256(file: string): Promise<string> {
  return hash("sha256", await readFile(file))
}
