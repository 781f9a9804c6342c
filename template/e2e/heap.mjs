import { createServer } from "node:http"
import process from "node:process"
import { setTimeout as sleep } from "node:timers/promises"
import { isMainThread } from "node:worker_threads"

/**
 * Preloaded into a server under test. Reports the memory of its process on a loopback port. `/collected` collects garbage first.
 * Needs `--expose-gc` and `HEAP_PORT`, which `heap.ts` sets.
 */
const server = createServer(async (request, response) => {
  // Finalizers run after the collection and may free more memory, so collect several times.
  for (let round = 0; request.url === "/collected" && round < 3; round++) {
    globalThis.gc()
    await sleep(20)
  }
  response.end(JSON.stringify(process.memoryUsage()))
})
// Worker threads preload this file, too.
if (isMainThread) server.listen(Number(process.env.HEAP_PORT), "127.0.0.1").unref()
