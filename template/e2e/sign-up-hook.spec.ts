import { mkdtemp, rm } from "node:fs/promises"
import { createServer, type IncomingHttpHeaders } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { requiredTraits } from "../../ory/required-traits"
import { startOry } from "../../scripts/stack"
import { expect, test } from "../../e2e/fixtures"
import { randomAccount } from "../../e2e/http"
import { freePorts } from "../../e2e/ports"

/** The commented `web_hook` in `ory/kratos.yml`, without its comment signs. */

test("at sign-up, Ory sends the user's id and address to the app", async ({ afterTest }) => {
  test.setTimeout(120_000)
  const received: { url?: string; headers: IncomingHttpHeaders; body: string }[] = []
  const [port, oryPort, adminPort, mailPort, inboxPort] = await freePorts()
  const server = createServer((request, response) => {
    let body = ""
    request.on("data", (chunk: Buffer) => (body += chunk.toString()))
    request.on("end", () => {
      received.push({ url: request.url, headers: request.headers, body })
      response.writeHead(204).end()
    })
  })
  await new Promise<void>((done) => server.listen(port, "localhost", done))
  afterTest(() => server.close())

  const dataDir = await mkdtemp(join(tmpdir(), "ory-local-"))
  afterTest(() => rm(dataDir, { recursive: true, force: true }))
  const oryUrl = `http://localhost:${oryPort}`
  const ory = await startOry({
    appUrl: `http://localhost:${port}`,
    oryUrl,
    adminPort,
    mailPort,
    inboxPort,
    dataDir,
    edit: (config) => {
      const enabled = config.replace(/(?<=\n)( +# - hook: web_hook\n(?: +# .*\n)+)/, (hook) =>
        hook.replace(/^( +)# /gm, "$1"),
      )
      expect(enabled).not.toBe(config)
      return enabled
    },
    log: () => undefined,
  })
  afterTest(() => ory.stop())

  const { email, password } = randomAccount()
  const headers = { accept: "application/json", "content-type": "application/json" }
  const started = await fetch(`${oryUrl}/self-service/registration/api`, { headers })
  const { ui } = (await started.json()) as { ui: { action: string } }
  const traits = { ...requiredTraits, email }
  const body = JSON.stringify({ method: "password", password, traits })
  const signedUp = await fetch(ui.action, { method: "POST", headers, body })
  expect(signedUp.status).toBe(200)
  const { identity } = (await signedUp.json()) as { identity: { id: string } }

  expect(received.map(({ url, headers }) => [url, headers.authorization])).toEqual([
    ["/api/hooks/sign-up", "change-me"],
  ])
  expect(JSON.parse(received[0]?.body ?? "")).toEqual({ id: identity.id, email })
})
