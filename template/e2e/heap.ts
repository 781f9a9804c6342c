import { resolve } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { pathToFileURL } from "node:url"

/** Environment for a Node.js server that reports its memory on `port`, to {@link memory} and {@link collectedHeap}. */
export function heapEnv(port: number): Record<string, string> {
  return {
    HEAP_PORT: String(port),
    NODE_OPTIONS: `--expose-gc --import ${pathToFileURL(resolve(import.meta.dirname, "heap.mjs")).href}`,
  }
}

/** Current memory of the server, in bytes. */
export async function memory(port: number): Promise<{ rss: number; heapUsed: number }> {
  return read(port, "/")
}

/**
 * Heap of the server after garbage collection, in bytes. Collects until the heap no longer shrinks, because pending timeouts keep
 * finished requests for seconds.
 */
export async function collectedHeap(port: number): Promise<number> {
  let least = Infinity
  for (;;) {
    const { heapUsed } = await read(port, "/collected")
    if (heapUsed > least - 100_000) return Math.min(least, heapUsed)
    least = heapUsed
    await sleep(500)
  }
}

async function read(port: number, path: string): Promise<{ rss: number; heapUsed: number }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`)
  return (await response.json()) as { rss: number; heapUsed: number }
}
