import {
  createServer,
  request,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http"
import { createServer as createTlsServer } from "node:https"
import { generate } from "selfsigned"

/** A fault in the connection between the app and Ory. */
export type Fault = "none" | "hang" | "slow" | "401" | "429" | "500" | "404" | "redirect" | "html" | "garbage" | "half"

/**
 * A relay between the app and a real Ory, or its admin API. It forwards every request, and can respond to some of them with a
 * fault instead.
 */
export class Relay {
  fault: Fault = "none"
  /** The requests that the fault affects, by method and path. */
  faultyRequests = / \/(sessions\/whoami|admin\/(sessions|identities)\/)/
  /** Delay of every request, in milliseconds. */
  delay = 0
  /** Sign-ins before this time (milliseconds) look one day older to the app. */
  agedBefore = 0
  /** Method and path of every request. */
  readonly seen: string[] = []
  /** The Cookie header of the last request. */
  cookie: string | undefined
  /** The Authorization header of the last request. */
  authorization: string | undefined
  private server: Server | undefined

  constructor(
    private readonly port: number,
    private readonly target: number,
    private readonly tls?: Certificate,
  ) {}

  async start(): Promise<void> {
    const server = listener(this.tls, (incoming, outgoing) => {
      this.cookie = incoming.headers.cookie
      this.authorization = incoming.headers.authorization
      const line = `${incoming.method ?? ""} ${incoming.url ?? ""}`
      this.seen.push(line)
      if (this.fault !== "none" && this.faultyRequests.test(line)) {
        fail(this.fault, outgoing)
        if (this.fault !== "slow") return
      }
      if (incoming.url?.startsWith("/sessions/whoami") && this.agedBefore > 0) {
        void age(incoming, outgoing, this.target, this.agedBefore)
        return
      }
      setTimeout(
        () => {
          pass(incoming, outgoing, this.target)
        },
        this.fault === "slow" ? 6000 : this.delay,
      )
    })
    this.server = server
    await new Promise<void>((done) => server.listen(this.port, "localhost", done))
  }

  async stop(): Promise<void> {
    const server = this.server
    if (server === undefined) return
    this.server = undefined
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
}

function fail(fault: Fault, outgoing: ServerResponse): void {
  switch (fault) {
    case "401":
    case "429":
    case "500":
    case "404":
      outgoing.writeHead(Number(fault), { "content-type": "application/json" }).end(`{"error":{"code":${fault}}}`)
      return
    case "redirect":
      outgoing.writeHead(302, { location: "/self-service/login/browser" }).end()
      return
    case "html":
      outgoing.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Maintenance</title>")
      return
    case "garbage":
      outgoing.writeHead(200, { "content-type": "application/json" }).end('{"active": tr')
      return
    case "half":
      outgoing.writeHead(200, { "content-type": "application/json", "content-length": "1000" })
      outgoing.write('{"active": true, "id": "', () => outgoing.destroy())
      return
    case "hang":
    case "slow":
    case "none":
  }
}

function pass(incoming: IncomingMessage, outgoing: ServerResponse, target: number): void {
  const { method, headers, url } = incoming
  const upstream = request({ host: "localhost", port: target, method, path: url, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
    answer.pipe(outgoing)
  })
  upstream.on("error", () => outgoing.destroy())
  incoming.pipe(upstream)
}

/**
 * Starts a load balancer. It sends each request to the next target, and to the one after that when a target refuses the connection.
 * It does not retry a request that fails later, because the target may have handled it.
 */
export async function startBalancer(port: number, targets: readonly number[]): Promise<() => Promise<void>> {
  let turn = 0
  const server = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = []
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk))
    incoming.on("end", () => {
      const first = turn++ % targets.length
      const offer = ([target, ...others]: readonly number[]): void => {
        const { method, headers, url } = incoming
        const upstream = request(
          { host: "localhost", port: target, method, path: url, headers, agent: false },
          (answer) => {
            outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
            answer.pipe(outgoing)
            answer.on("error", () => outgoing.destroy())
          },
        )
        upstream.on("error", (error: NodeJS.ErrnoException) => {
          if (error.code === "ECONNREFUSED" && others.length > 0) offer(others)
          else outgoing.destroy()
        })
        upstream.end(Buffer.concat(chunks))
      }
      offer([...targets.slice(first), ...targets.slice(0, first)])
    })
  })
  await new Promise<void>((done) => server.listen(port, "localhost", done))
  return async () => {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
}

async function age(incoming: IncomingMessage, outgoing: ServerResponse, target: number, before: number): Promise<void> {
  const answer = await fetch(`http://localhost:${target}${incoming.url ?? ""}`, {
    headers: { cookie: incoming.headers.cookie ?? "" },
  })
  const body = (await answer.json()) as { authenticated_at?: string }
  const then = Date.parse(body.authenticated_at ?? "")
  if (then < before) body.authenticated_at = new Date(then - 86_400_000).toISOString()
  outgoing.writeHead(answer.status, { "content-type": "application/json" }).end(JSON.stringify(body))
}

export interface Certificate {
  key: string
  cert: string
}

/** A certificate for `localhost` and the hosts under `example.test`. */
export async function certificate(): Promise<Certificate> {
  const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }], {
    extensions: [
      { name: "basicConstraints", cA: true },
      { name: "subjectAltName", altNames: ["localhost", "*.example.test"].map((value) => ({ type: 2, value })) },
    ],
  })
  return { key, cert }
}

/** Terminates TLS on `port`, as load balancers do, and forwards every request unchanged. Returns a function that stops it. */
export async function startTls(port: number, target: number, tls: Certificate): Promise<() => Promise<void>> {
  const server = listener(tls, (incoming, outgoing) => {
    pass(incoming, outgoing, target)
  })
  await new Promise<void>((done) => server.listen(port, "localhost", done))
  return async () => {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
  }
}

function listener(tls: Certificate | undefined, listen: RequestListener): Server {
  return tls ? createTlsServer(tls, listen) : createServer(listen)
}
