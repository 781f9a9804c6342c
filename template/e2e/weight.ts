import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import type { APIRequestContext } from "playwright/test"

/** Measures pages and gate in bytes after gzip, for the tests and for the bench. */

/** The weight of every script in the page's HTML, without those for old browsers (`nomodule`). */
export async function scriptsWeight(request: APIRequestContext, path: string, cookie?: string): Promise<number> {
  const page = await request.get(path, { headers: cookie === undefined ? {} : { cookie } })
  if (page.status() !== 200 || new URL(page.url()).pathname !== path)
    throw new Error(`${path} responded with ${page.status()} at ${page.url()}. Expected 200 without a redirect.`)
  const tags = (await page.text()).match(/<script\b[^>]*>/g) ?? []
  const sources = tags
    .filter((tag) => !/\bnomodule\b/i.test(tag))
    .flatMap((tag) => /\bsrc="(\/_next\/[^"]+)"/.exec(tag)?.[1] ?? [])
  if (sources.length === 0) throw new Error(`The HTML of ${path} contains no script of Next.`)
  return sum(await Promise.all(sources.map(async (source) => gzipped(await (await request.get(source)).body()))))
}

/** The weight of every file of the gate in the build in `folder`. */
export async function gateWeight(folder: string): Promise<number> {
  const manifest = JSON.parse(await readFile(join(folder, ".next/server/middleware-manifest.json"), "utf8")) as {
    middleware: Record<string, { files: string[] } | undefined>
  }
  const files = manifest.middleware["/"]?.files ?? []
  if (files.length === 0) throw new Error(`The build in ${folder} has no middleware.`)
  return sum(await Promise.all(files.map(async (file) => gzipped(await readFile(join(folder, ".next", file))))))
}

const gzipped = (bytes: Buffer): number => gzipSync(bytes).length
const sum = (sizes: number[]): number => sizes.reduce((total, size) => total + size, 0)
