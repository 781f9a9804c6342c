import assert from "node:assert/strict"
import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"
import { test } from "node:test"
import { listen, Relay, signedIn } from "./testing.ts"

/** What `npm start` runs. */
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

/** What it says last when it refuses to start. */
async function refusal(env: Record<string, string>): Promise<string> {
  const app = start(env)
  let errors = ""
  app.stderr?.on("data", (text: Buffer) => (errors += text.toString()))
  const [code] = (await once(app, "close")) as [number]
  assert.equal(code, 1)
  return errors
}

test("a signal lets what is under way finish, and ends the process with 0", { timeout: 20_000 }, async () => {
  const relay = new Relay()
  await relay.start()
  const real = relay.answer
  relay.answer = (answer, outgoing) =>
    void sleep(1000).then(() => {
      real(answer, outgoing)
    })
  const { cookie, email } = await signedIn()

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

test("a wrong variable stops the start by its name", async () => {
  const errors = await refusal({ PORT: "abc", ORY_SDK_URL: "localhost" })
  assert.match(errors, /PORT is "abc"[^]*ORY_SDK_URL is "localhost"/)
  assert.doesNotMatch(errors, /at .*\.ts:/)
  assert.match(await refusal({ NODE_ENV: "production" }), /APP_URL is not set[^]*ORY_SDK_URL is not set/)
})

test("a taken port is named, with the variable that moves it", async () => {
  const { url, stop } = await listen(() => undefined)
  const { port } = new URL(url)
  assert.match(await refusal({ PORT: port }), new RegExp(`Port ${port} .*PORT`))
  await stop()
})
