import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { gzipSync } from "node:zlib"
import type { Page, Response } from "playwright/test"

/** Measures pages and gate in bytes after gzip, for the tests and for the bench. */

/** The weight of every script that a browser loads for the page. */
export async function scriptsWeight(page: Page, path: string): Promise<number> {
  const scripts: Promise<Buffer>[] = []
  const collect = (response: Response): void => {
    if (response.request().resourceType() === "script") scripts.push(response.body())
  }
  page.on("response", collect)
  const response = await page.goto(path, { waitUntil: "networkidle" })
  page.off("response", collect)
  if (response?.status() !== 200 || new URL(page.url()).pathname !== path)
    throw new Error(`${path} responded with ${response?.status()} at ${page.url()}. Expected 200 at the same path.`)
  if (scripts.length === 0) throw new Error(`${path} loads no script.`)
  return sum((await Promise.all(scripts)).map(gzipped))
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
