import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import type { APIRequestContext } from "playwright/test"

/** What a page and a gate weigh: bytes, gzipped. For the tests, which hold them, and for the bench, which shows them. */

/** Every script that a page's HTML names, without those only old browsers load. Redirects are followed, with cookies. */
export async function scriptsWeight(request: APIRequestContext, path: string, cookie?: string): Promise<number> {
  const page = await request.get(path, { headers: cookie === undefined ? {} : { cookie } })
  if (page.status() !== 200 || new URL(page.url()).pathname !== path)
    throw new Error(`${path} answered ${page.status()} at ${page.url()}`)
  const tags = (await page.text()).match(/<script\b[^>]*>/g) ?? []
  const sources = tags
    .filter((tag) => !/\bnomodule\b/i.test(tag))
    .flatMap((tag) => /\bsrc="(\/_next\/[^"]+)"/.exec(tag)?.[1] ?? [])
  if (sources.length === 0) throw new Error(`${path} names no script`)
  return sum(await Promise.all(sources.map(async (source) => gzipped(await (await request.get(source)).body()))))
}

/** Every file that the build in `folder` names for its gate. */
export async function gateWeight(folder: string): Promise<number> {
  const manifest = JSON.parse(await readFile(join(folder, ".next/server/middleware-manifest.json"), "utf8")) as {
    middleware: Record<string, { files: string[] } | undefined>
  }
  const files = manifest.middleware["/"]?.files ?? []
  if (files.length === 0) throw new Error(`The build in ${folder} has no gate`)
  return sum(await Promise.all(files.map(async (file) => gzipped(await readFile(join(folder, ".next", file))))))
}

const gzipped = (bytes: Buffer): number => gzipSync(bytes).length
const sum = (sizes: number[]): number => sizes.reduce((total, size) => total + size, 0)
