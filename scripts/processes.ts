import { once } from "node:events"
import { existsSync } from "node:fs"
import { rename, writeFile } from "node:fs/promises"
import { join, resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { execa } from "execa"
import getPort from "get-port"
import { portToPid } from "pid-port"
import { onExit } from "signal-exit"

export const projectDir = resolve(import.meta.dirname, "..")

/** Path of a package's file. Run it with `process.execPath`, so that no wrapper process stands between it and signals. */
export function nodeModule(path: string): string {
  return join(projectDir, "node_modules", path)
}

/** An error that the user can fix. Commands print its message without a stack trace. */
export class SetupError extends Error {}

/**
 * Writes a file if it does not exist. Only this user can read it. If the disk is full, the file is not created.
 *
 * @returns Whether it wrote the file.
 */
export async function writeIfMissing(file: string, text: string): Promise<boolean> {
  if (existsSync(file)) return false
  await writeFile(`${file}.new`, text, { mode: 0o600 })
  await rename(`${file}.new`, file)
  return true
}

/** The message of whatever a `catch` gets. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/**
 * Runs the command `main`, stops all child processes and exits. A signal such as Ctrl-C ends the command early.
 * The exit code is 1 after an error, else `process.exitCode`.
 */
export async function runMain(main: () => Promise<void>): Promise<never> {
  const interrupted = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
      process.on(signal, () => {
        resolve()
      })
  })
  try {
    await Promise.race([main(), interrupted])
  } catch (error) {
    console.error(error instanceof SetupError ? `\n${error.message}\n` : error)
    process.exitCode = 1
  }
  await stopAll()
  process.exit()
}

export interface Ending {
  ok: boolean
  /** For example `exited with code 1`. */
  how: string
  /** The last lines of its output. */
  lastLines: string
  /** Both: `exited with code 1:`, then the last lines. */
  description: string
}

/** A child process with its own process group. Signals reach all processes in the group. */
export interface Running {
  readonly pid: number
  readonly ended: Promise<Ending>
  /** Resolves when the process has ended: `name`, and how it ended. */
  died(name: string): Promise<string>
  signal(signal: NodeJS.Signals): void
  /** Sends SIGTERM, and SIGKILL after `patience`. Resolves when the whole group has ended. Never throws. */
  stop(): Promise<void>
}

export interface StartOptions {
  cwd?: string
  /** The whole environment of the process. Default: this process's environment. */
  env?: Readonly<Record<string, string | undefined>>
  /** Called with each line of stdout and stderr. */
  log?: (line: string) => void
  /** Milliseconds from SIGTERM to SIGKILL. Default: 5000. A process that stops others needs more. */
  patience?: number
}

const running = new Set<Running>()

// Child processes have their own groups, so they would outlive this process after an unexpected exit or a signal. Nothing can wait
// any more by then, but `stop` sends its first signals at once.
onExit(() => void stopAll())

/** Stops all processes that `start` and `run` started. */
export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((child) => child.stop()))
}

/**
 * Starts a program.
 *
 * @throws SetupError when the program can't be started.
 */
export async function start(file: string, args: readonly string[], options: StartOptions = {}): Promise<Running> {
  const { cwd, env = process.env, log, patience = 5000 } = options
  const child = execa(file, args, {
    cwd,
    env,
    extendEnv: false,
    stdin: "ignore",
    all: true,
    buffer: false,
    reject: false,
    // Its own process group: Ctrl-C reaches this process only, which then stops the others in order.
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
      log?.(line)
    }
  })().catch(() => undefined)

  const ended = once(child, "exit").then(async ([code, signal]: (number | string | null)[]): Promise<Ending> => {
    // Wait for the rest of the output, but not for ever: a grandchild may keep the pipe open.
    await Promise.race([reading, sleep(500)])
    const how = code === null ? `was ended by ${signal}` : `exited with code ${code}`
    const lastLines = lines.join("\n")
    return { ok: code === 0, how, lastLines, description: lastLines === "" ? `${how}.` : `${how}:\n${lastLines}` }
  })

  const signal = (name: NodeJS.Signals | 0): boolean => signalTo(-pid, name)
  const self: Running = {
    pid,
    ended,
    died: async (name) => `${name} ${(await ended).description}`,
    signal: (name) => void signal(name),
    stop: async () => {
      signal("SIGTERM")
      // A paused process receives SIGTERM only after SIGCONT.
      signal("SIGCONT")
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
 * Runs a program and waits until it ends.
 *
 * @throws SetupError with the program's last lines when it can't be started or fails.
 */
export async function run(file: string, args: readonly string[], options: StartOptions = {}): Promise<void> {
  const { ok, description } = await (await start(file, args, options)).ended
  if (!ok) throw new SetupError(`${file} ${args.join(" ")} ${description}`)
}

/**
 * A response of any status, without following redirects. Undefined when none arrives within ten seconds. A connection that
 * fails is tried again once, because a server may close a kept connection just when the next request is sent.
 */
export async function request(url: string, init: RequestInit = {}): Promise<Response | undefined> {
  const signal = AbortSignal.timeout(10_000)
  const send = (): Promise<Response> => fetch(url, { ...init, redirect: "manual", signal })
  return send()
    .catch(send)
    .catch(() => undefined)
}

/**
 * Waits until `url` responds with any status but 503, for at most two minutes.
 *
 * @throws SetupError when `process` ends first, or after two minutes.
 */
export async function waitForUrl(name: string, url: string, process: Running): Promise<void> {
  let ending: Ending | undefined
  void process.ended.then((value) => (ending = value))
  const timeout = AbortSignal.timeout(120_000)
  while (!timeout.aborted) {
    if (ending) throw new SetupError(`${name} stopped before it was ready. It ${ending.description}`)
    const response = await fetch(url, { redirect: "manual", signal: timeout }).catch(() => undefined)
    if (response && response.status !== 503) return
    await sleep(100)
  }
  throw new SetupError(`${name} did not respond at ${url} within two minutes.`)
}

/**
 * Makes sure that nothing listens on `port`, at any address of this machine.
 *
 * @throws SetupError with the port, the process that uses it, and the variable that changes the port.
 */
export async function assertPortFree(port: number, variable: string): Promise<void> {
  if ((await getPort({ port })) === port) return
  const pid = await portToPid({ port, host: "*" }).catch(() => undefined)
  const why =
    pid === undefined
      ? "taken, or this user may not listen on it"
      : `taken by process ${pid} (${(await commandOf(pid)).slice(0, 100)})`
  throw new SetupError(
    `Port ${port} is ${why}. Stop the process that uses it, or choose another port with ${variable}, in .env.local or before the command.`,
  )
}

/**
 * Sends a signal to a process, or with a negative id to its group. Signal 0 only checks.
 *
 * @returns Whether the process or group exists, also when it belongs to another user.
 */
export function signalTo(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
}

/** The command line of a process. Empty when the process does not exist, or this machine has no `ps`. */
export async function commandOf(pid: number): Promise<string> {
  const { stdout } = await execa("ps", ["-ww", "-o", "args=", "-p", String(pid)], { reject: false, stderr: "ignore" })
  return typeof stdout === "string" ? stdout.trim() : ""
}
