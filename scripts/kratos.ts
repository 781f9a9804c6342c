import { createHash } from "node:crypto"
import { createReadStream, createWriteStream } from "node:fs"
import { access, chmod, constants, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"
import type { ReadableStream } from "node:stream/web"
import envPaths from "env-paths"
import { isAlive, Problem, projectDir, run } from "./processes"

const version = "1.3.1"

export interface KratosSources {
  /** Where ready binaries are kept. */
  cacheDir: string
  /** Folder of the release archives. */
  releaseUrl: string
  /** By `${process.platform}-${process.arch}`; sums as published with the release. */
  archives: Readonly<Record<string, { name: string; sha256: string }>>
  /** Folder of the `go.mod` that pins Kratos. */
  goModuleDir: string
  /** How long a download may stay silent. */
  silenceMs: number
  log: (line: string) => void
}

const pinned: KratosSources = {
  cacheDir: envPaths("ory-nextjs-starter", { suffix: "" }).cache,
  releaseUrl: `https://github.com/ory/kratos/releases/download/v${version}`,
  archives: {
    "linux-x64": {
      name: `kratos_${version}-linux_sqlite_64bit.tar.gz`,
      sha256: "0a69afcc94900f0960b98564164a846a41a6c619a58b288536bcb5f27e45c19f",
    },
    "linux-arm64": {
      name: `kratos_${version}-linux_sqlite_arm64.tar.gz`,
      sha256: "433cddfec0ab42ec14f182fedc1625b1842759d79c32ca08bf696dcc3edc1d1c",
    },
    "darwin-x64": {
      name: `kratos_${version}-macOS_sqlite_64bit.tar.gz`,
      sha256: "35ec2ae2423aec8ed6753f1eb53ebc29927e2879838fdf97028592169b0a4ee6",
    },
    "darwin-arm64": {
      name: `kratos_${version}-macOS_sqlite_arm64.tar.gz`,
      sha256: "bdf4a3898ef41a230d6482d600adaa6f179ae52b339c9bdf36f036526944c617",
    },
  },
  goModuleDir: join(projectDir, "ory"),
  silenceMs: 10_000,
  log: (line) => {
    console.log(line)
  },
}

/** One way to come by a binary. */
interface Way {
  name: string
  /** Its folder in the cache: another version, platform or `go.mod` is another folder. */
  cached: string
  /** Puts the binary at `binary`; may use the folder `work`, which is removed afterwards. */
  make: (binary: string, work: string) => Promise<void>
}

/**
 * Path of a Kratos binary that is ready to run: `KRATOS_BIN`, else the one in the per-user cache, else the pinned release
 * archive, else a Go build of `ory/go.mod`. Nothing from the network or the cache is run unless its SHA-256 is right.
 *
 * @throws Problem that lists what was tried and what the person can do.
 */
export async function kratosBinary(given: Partial<KratosSources> = {}): Promise<string> {
  const sources = { ...pinned, ...given }
  if (process.env.KRATOS_BIN) return givenBinary(process.env.KRATOS_BIN)

  await mkdir(sources.cacheDir, { recursive: true })
  await removeLeftovers(sources.cacheDir)
  const ways = [release(sources), await goBuild(sources)]
  for (const way of ways) {
    const binary = await fromCache(way.cached, sources.log)
    if (binary !== undefined) return binary
  }

  const tried: string[] = []
  for (const way of ways) {
    try {
      return await install(way, sources)
    } catch (error) {
      const reason = `${way.name}: ${error instanceof Error ? error.message : String(error)}`
      sources.log(reason)
      tried.push(`  - ${reason.replaceAll("\n", "\n    ")}`)
    }
  }
  throw new Problem(
    [
      `There is no Ory Kratos v${version} to run. Tried:`,
      ...tried,
      "One of these helps:",
      `  - let this machine reach ${new URL(sources.releaseUrl).host}, and run the command again`,
      "  - install Go (https://go.dev/dl) and a C compiler, and run the command again",
      `  - fetch Kratos yourself from https://github.com/ory/kratos/releases/tag/v${version} (an archive with "sqlite" in its name),`,
      "    unpack it, and set KRATOS_BIN to the path of the binary",
    ].join("\n"),
  )
}

async function givenBinary(value: string): Promise<string> {
  const binary = resolve(value)
  try {
    await access(binary, constants.X_OK)
    await run(binary, ["version"])
    return binary
  } catch {
    throw new Problem(`KRATOS_BIN is "${value}", which is not a program that runs. Set it to the path of Ory Kratos, or leave it out.`)
  }
}

/** Removes the work folders of runs that no longer exist. */
async function removeLeftovers(cacheDir: string): Promise<void> {
  for (const entry of await readdir(cacheDir)) {
    const pid = /^tmp-(\d+)-/.exec(entry)?.[1]
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(cacheDir, entry), { recursive: true, force: true })
  }
}

/** The finished binary in `folder`. Undefined when there is none; one that has changed since is removed. */
async function fromCache(folder: string, log: KratosSources["log"]): Promise<string | undefined> {
  const binary = join(folder, "kratos")
  try {
    const expected = await readFile(`${binary}.sha256`, "utf8")
    if ((await sha256(binary)) === expected) return binary
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error
    if (!(await exists(folder))) return undefined
  }
  log(`${binary} has changed since it was put there: it is not used, and replaced.`)
  await rm(folder, { recursive: true, force: true })
  return undefined
}

/** Makes the binary in a folder of this run's own, then moves it into the cache in one step. */
async function install(way: Way, { cacheDir, log }: KratosSources): Promise<string> {
  const work = await mkdtemp(join(cacheDir, `tmp-${process.pid}-`))
  try {
    const ready = join(work, "ready")
    const binary = join(ready, "kratos")
    await mkdir(ready)
    await way.make(binary, work)
    await chmod(binary, 0o755)
    // An archive may be right and still not fit this machine, for example its C library.
    await run(binary, ["version"])
    await writeFile(`${binary}.sha256`, await sha256(binary))
    await rename(ready, way.cached).catch(async (error: unknown) => {
      // Another run was faster: its binary is as good.
      if (!(await exists(way.cached))) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  const binary = await fromCache(way.cached, log)
  if (binary === undefined) throw new Error("it changed while it was put into the cache")
  return binary
}

function release({ cacheDir, releaseUrl, archives, silenceMs, log }: KratosSources): Way {
  const platform = `${process.platform}-${process.arch}`
  const archive = archives[platform]
  return {
    name: "Release archive",
    cached: join(cacheDir, `kratos-${version}-${platform}`),
    make: async (binary, work) => {
      if (archive === undefined) throw new Error(`there is none for ${platform}`)
      const url = `${releaseUrl}/${archive.name}`
      const file = join(work, archive.name)
      log(`Downloading ${url}`)
      await download(url, file, silenceMs, log)
      const sum = await sha256(file)
      if (sum !== archive.sha256) throw new Error(`${url} has the SHA-256 ${sum}, not ${archive.sha256}: it is not used`)
      const unpacked = join(work, "unpacked")
      await mkdir(unpacked)
      await run("tar", ["-xzf", file, "-C", unpacked])
      await rename(join(unpacked, "kratos"), binary)
    },
  }
}

async function goBuild({ cacheDir, goModuleDir, log }: KratosSources): Promise<Way> {
  const pins = createHash("sha256")
  for (const name of ["go.mod", "go.sum"]) pins.update(await readFile(join(goModuleDir, name)))
  return {
    name: "Go build",
    cached: join(cacheDir, `kratos-${version}-${process.platform}-${process.arch}-go-${pins.digest("hex").slice(0, 12)}`),
    make: async (binary) => {
      log(`Building Kratos v${version} with Go. This takes minutes, once.`)
      const started = Date.now()
      const heartbeat = setInterval(() => {
        log(`Still building, ${Math.round((Date.now() - started) / 1000)} s`)
      }, 15_000)
      const name = `github.com/ory/kratos/driver/config.Version=v${version}`
      try {
        await run("go", ["build", "-tags", "sqlite,json1", "-ldflags", `-s -w -X ${name}`, "-o", binary, "github.com/ory/kratos"], {
          cwd: goModuleDir,
          // SQLite is C: without a compiler this should fail here, not when Kratos opens its database.
          env: { ...process.env, CGO_ENABLED: "1" },
        })
      } finally {
        clearInterval(heartbeat)
      }
      log(`Built Kratos in ${Math.round((Date.now() - started) / 1000)} s`)
    },
  }
}

/** Downloads to `file`. Throws when the answer is not a 200, is cut off, or stays silent for `silenceMs`. */
async function download(url: string, file: string, silenceMs: number, log: KratosSources["log"]): Promise<void> {
  const silence = new AbortController()
  const timer = setTimeout(() => {
    silence.abort(new Error(`no answer from ${new URL(url).host} for ${silenceMs / 1000} s`))
  }, silenceMs)
  try {
    const response = await fetch(url, { signal: silence.signal })
    if (!response.ok || response.body === null) throw new Error(`${url} answered ${response.status}`)
    const total = Number(response.headers.get("content-length"))
    const show = progress(log)
    let received = 0
    const body = Readable.fromWeb(response.body as ReadableStream<Uint8Array>).on("data", (chunk: Uint8Array) => {
      timer.refresh()
      received += chunk.length
      if (total > 0) show(Math.floor((received / total) * 100))
    })
    await pipeline(body, createWriteStream(file))
  } catch (error) {
    // fetch says only "fetch failed" or "terminated"; the cause says why.
    throw error instanceof Error && error.cause instanceof Error ? new Error(`${url}: ${error.cause.message}`) : error
  } finally {
    clearTimeout(timer)
  }
}

/** Shows a percentage: on a terminal in place, else a line for each quarter. */
function progress(log: KratosSources["log"]): (percent: number) => void {
  let shown = 0
  return (percent) => {
    if (percent === shown) return
    if (process.stdout.isTTY) process.stdout.write(`\r${percent} %${percent === 100 ? "\n" : ""}`)
    else if (Math.floor(percent / 25) > Math.floor(shown / 25)) log(`${percent} %`)
    shown = percent
  }
}

async function sha256(file: string): Promise<string> {
  const hash = createHash("sha256")
  await pipeline(createReadStream(file), hash)
  return hash.digest("hex")
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
