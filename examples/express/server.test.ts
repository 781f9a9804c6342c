import assert from "node:assert/strict"
import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"
import { test } from "node:test"
import { createSignedInUser, listen, pass, Relay } from "./testing.ts"

/** Starts the app as `npm start` does. */
function start(env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, ["--import", "tsx", "server.ts"], {
    cwd: import.meta.dirname,
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  })
}

async function freePort(): Promise<string> {
  const { url, stop } = await listen(() => undefined)
  await stop()
  return new URL(url).port
}

/** Starts the app with an invalid environment and returns what it prints. */
async function startError(env: Record<string, string>): Promise<string> {
  const app = start(env)
  let errors = ""
  app.stderr?.on("data", (text: Buffer) => (errors += text.toString()))
  const [code] = (await once(app, "close")) as [number]
  assert.equal(code, 1)
  return errors
}

test("finishes open requests after SIGTERM and exits with code 0", { timeout: 20_000 }, async () => {
  const relay = new Relay()
  await relay.start()
  relay.respond = async (response, outgoing) => {
    await sleep(1000)
    pass(response, outgoing)
  }
  const { cookie, email } = await createSignedInUser()

  const PORT = await freePort()
  const app = start({ PORT, ORY_SDK_URL: relay.url })
  try {
    assert.ok(app.stdout)
    const lines = createInterface(app.stdout)
    for await (const line of lines) if (line.includes('"listening"')) break
    assert.equal((await fetch(`http://localhost:${PORT}/healthz`)).status, 200)
    const slow = fetch(`http://localhost:${PORT}/`, { headers: { cookie } })
    while (relay.cookies.length === 0) await sleep(10)
    const ended = once(app, "exit")
    app.kill("SIGTERM")
    assert.deepEqual(await (await slow).json(), { email })
    assert.deepEqual(await ended, [0, null])
  } finally {
    app.kill("SIGKILL")
    await relay.stop()
  }
})

test("does not start with an invalid variable and names it", async () => {
  const errors = await startError({ PORT: "abc", ORY_SDK_URL: "localhost" })
  assert.match(errors, /PORT is "abc"[^]*ORY_SDK_URL is "localhost"/)
  assert.doesNotMatch(errors, /at .*\.ts:/)
  assert.match(await startError({ NODE_ENV: "production" }), /APP_URL is not set[^]*ORY_SDK_URL is not set/)
})

test("names the port that is in use and the variable to change", async (t) => {
  const { url, stop } = await listen(() => undefined)
  t.after(stop)
  const { port } = new URL(url)
  assert.match(await startError({ PORT: port }), new RegExp(`port ${port} .*Set PORT`))
})
