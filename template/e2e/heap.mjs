import { createServer } from "node:http"
import process from "node:process"
import { setTimeout as sleep } from "node:timers/promises"
import { isMainThread } from "node:worker_threads"

/**
 * Preloaded into a server under test: serves the memory of its process on a loopback port, with `/collected` after garbage
 * collection. Needs `--expose-gc` and `HEAP_PORT`; see `heap.ts`.
 */
const server = createServer(async (request, response) => {
  // Finalizers run in tasks after the collection that found them, and may free more.
  for (let round = 0; request.url === "/collected" && round < 3; round++) {
    globalThis.gc()
    await sleep(20)
  }
  response.end(JSON.stringify(process.memoryUsage()))
})
// Threads of the process preload this file as well.
if (isMainThread) server.listen(Number(process.env.HEAP_PORT), "127.0.0.1").unref()
