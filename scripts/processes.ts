import { randomInt } from "node:crypto"
import { createServer } from "node:net"
import { join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { execa } from "execa"

export const projectDir = resolve(import.meta.dirname, "..")

/** Path of a file in a package, to run it with `process.execPath`: no wrapper stands between it and signals. */
export function nodeModule(path: string): string {
  return join(projectDir, "node_modules", path)
}

/** Something the person at the keyboard can cure. The message says all there is to say: it is shown without a stack trace. */
export class SetupError extends Error {}

export interface Ending {
  ok: boolean
  /** For example `exited with code 1`. */
  how: string
  /** What it wrote last, for an error message. */
  lastLines: string
}

/** A child process and everything it started in turn: they form a process group, which signals reach as a whole. */
export interface Running {
  readonly pid: number
  readonly ended: Promise<Ending>
  /** Resolves only when it ended without having been asked to by `stop`. */
  readonly died: Promise<Ending>
  signal(signal: NodeJS.Signals): void
  /** SIGTERM, and SIGKILL after `patience` (five seconds) to whatever is left. Resolves when nothing is left; never throws. */
  stop(): Promise<void>
}

export interface StartOptions {
  cwd?: string
  /** The whole environment of the process; by default this process's own. */
  env?: Readonly<Record<string, string | undefined>>
  /** Called with each line that it writes to stdout or stderr. */
  log?: (line: string) => void
  /** How long it may take to stop, in milliseconds. More for one that has others to stop. */
  patience?: number
}

const running = new Set<Running>()

// The last resort, for an exit that nobody saw coming: a group of its own would outlive this process. SIGTERM, since a child may
// have others to stop in turn; a paused one hears it when it goes on.
process.on("exit", () => {
  for (const child of running) {
    child.signal("SIGTERM")
    child.signal("SIGCONT")
  }
})
// Where nobody listens, as in a test's worker, a signal ends the process without that.
for (const signal of ["SIGTERM", "SIGHUP"] as const)
  process.on(signal, () => {
    if (process.listenerCount(signal) === 1) process.exit(1)
  })

/** Stops everything that `start` and `run` started and that still runs. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((child) => child.stop()))
}

/**
 * Starts a program.
 *
 * @throws SetupError when it cannot be started at all.
 */
export async function start(file: string, args: readonly string[], options: StartOptions = {}): Promise<Running> {
  const child = execa(file, args, {
    cwd: options.cwd ?? process.cwd(),
    env: options.env ?? process.env,
    extendEnv: false,
    stdin: "ignore",
    all: true,
    buffer: false,
    reject: false,
    // A group of its own: Ctrl-C reaches this process only, which then stops the others in order.
    detached: true,
  })
  const { pid } = child
  if (pid === undefined) {
    const { originalMessage } = await child
    throw new SetupError(`${file} cannot be started: ${originalMessage ?? "unknown reason"}`)
  }

  const lines: string[] = []
  const reading = (async () => {
    for await (const line of child.iterable({ from: "all" })) {
      lines.push(line)
      if (lines.length > 20) lines.shift()
      options.log?.(line)
    }
  })().catch(() => undefined)

  let stopping = false
  const ended = new Promise<Ending>((resolve) => {
    child.once("exit", (code, signal) => {
      // What it still had to say; but a child of its own may hold the pipe open for ever.
      void Promise.race([reading, sleep(500)]).then(() => {
        resolve({
          ok: code === 0,
          how: code === null ? `was ended by ${String(signal)}` : `exited with code ${code}`,
          lastLines: lines.join("\n"),
        })
      })
    })
  })
  const died = new Promise<Ending>((resolve) => {
    void ended.then((ending) => {
      if (!stopping) resolve(ending)
    })
  })

  const signal = (name: NodeJS.Signals | 0): boolean => {
    try {
      return process.kill(-pid, name)
    } catch {
      return false
    }
  }
  const self: Running = {
    pid,
    ended,
    died,
    signal: (name) => void signal(name),
    stop: async () => {
      stopping = true
      signal("SIGTERM")
      // A paused process hears nothing else.
      signal("SIGCONT")
      const patience = options.patience ?? 5000
      for (let waited = 0; signal(0); waited += 50) {
        if (waited === patience) signal("SIGKILL")
        if (waited > patience + 2000) break
        await sleep(50)
      }
      running.delete(self)
    },
  }
  running.add(self)
  void ended.then(() => {
    if (!signal(0)) running.delete(self)
  })
  return self
}

/**
 * Runs a program to its end.
 *
 * @throws SetupError when it cannot be started or fails, with what it wrote last.
 */
export async function run(file: string, args: readonly string[], options: StartOptions = {}): Promise<void> {
  const { ok, how, lastLines } = await (await start(file, args, options)).ended
  if (!ok) throw new SetupError(`${file} ${args.join(" ")} ${how}${lastLines === "" ? "" : `:\n${lastLines}`}`)
}

/**
 * Waits until `url` answers with anything but 503, for at most two minutes.
 *
 * @throws SetupError when `process` ends before that, or time is up.
 */
export async function waitForUrl(name: string, url: string, process: Running): Promise<void> {
  let ending: Ending | undefined
  void process.ended.then((value) => (ending = value))
  const deadline = Date.now() + 120_000
  while (Date.now() < deadline) {
    if (ending)
      throw new SetupError(
        `${name} ${ending.how} before it was ready${ending.lastLines === "" ? "." : `:\n${ending.lastLines}`}`,
      )
    const left = AbortSignal.timeout(deadline - Date.now())
    const response = await fetch(url, { redirect: "manual", signal: left }).catch(() => undefined)
    if (response && response.status !== 503) return
    await sleep(100)
  }
  throw new SetupError(`${name} did not answer at ${url} within two minutes.`)
}

/**
 * Makes sure that nothing listens on `port` of this machine, by IPv4 or IPv6.
 *
 * @throws SetupError that names the port, the variable that moves it and, where it can be known, what holds it.
 */
export async function assertPortFree(port: number, variable: string): Promise<void> {
  // macOS lets one program take an address while another holds all of them, so each is tried.
  for (const host of ["127.0.0.1", "::1", "0.0.0.0", "::"]) {
    const code = await listenError(port, host)
    const cure = `choose another port with ${variable}, in .env.local or before the command.`
    if (code === "EADDRINUSE") {
      const holder = await portHolder(port)
      throw new SetupError(`Port ${port} is taken${holder ? ` by ${holder}` : ""}. Stop that, or ${cure}`)
    }
    if (code === "EACCES") throw new SetupError(`Port ${port} is one that this user may not listen on: ${cure}`)
  }
}

/** Why listening does not work. Undefined: it does. */
function listenError(port: number, host: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code)
    })
    server.listen({ port, host, ipv6Only: host === "::" }, () => {
      server.close(() => {
        resolve(undefined)
      })
    })
  })
}

/**
 * Ports that nothing listens on, each given once by this process. All are below those that systems take for outgoing
 * connections: one of these could take a port between this answer and its use.
 */
export async function freePorts(): Promise<[number, number, number, number, number, number, number]> {
  return Promise.all([freePort(), freePort(), freePort(), freePort(), freePort(), freePort(), freePort()])
}

/** 10080 is one that browsers refuse. */
const FIRST_PORT = 10_081
/** Linux takes ports from 32768 on for outgoing connections, other systems from 49152. */
const LAST_PORT = 32_767
/** Processes that run side by side begin at different places. */
let nextPort = randomInt(FIRST_PORT, LAST_PORT)

async function freePort(): Promise<number> {
  for (let tried = FIRST_PORT; tried < LAST_PORT; tried++) {
    const port = nextPort
    nextPort = port === LAST_PORT ? FIRST_PORT : port + 1
    const errors = await Promise.all([listenError(port, "127.0.0.1"), listenError(port, "::1")])
    if (!errors.includes("EADDRINUSE")) return port
  }
  throw new SetupError(`No port from ${FIRST_PORT} to ${LAST_PORT} is free.`)
}

async function portHolder(port: number): Promise<string | undefined> {
  const pid =
    /^p(\d+)$/m.exec(await output("lsof", ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fp"]))?.[1] ??
    /pid=(\d+)/.exec(await output("ss", ["-Hltnp", `sport = :${port}`]))?.[1]
  if (pid === undefined) return undefined
  const command = await commandOf(Number(pid))
  return `process ${pid}${command === "" ? "" : ` (${command.length > 100 ? `${command.slice(0, 100)}…` : command})`}`
}

/** Whether a process of this id exists, whoever's it is. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
}

/** The command line of a process. Empty when it does not exist, or this machine has no `ps`. */
export async function commandOf(pid: number): Promise<string> {
  return (await output("ps", ["-ww", "-o", "args=", "-p", String(pid)])).trim()
}

/** What a program writes. Empty when it cannot be run. */
async function output(file: string, args: readonly string[]): Promise<string> {
  const { stdout } = await execa(file, args, { reject: false, stderr: "ignore" })
  return typeof stdout === "string" ? stdout : ""
}
