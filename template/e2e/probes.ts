import { mkdir, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { expect, type Page } from "playwright/test"

/** One grey pixel. */
export const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==",
  "base64",
)

/** Files for the folder `public/` of a copy of this project. */
export const PROBES = {
  "/probe.png": PNG,
  "/probe dir/größe (1).png": PNG,
  "/.well-known/probe": Buffer.from("a file without an extension"),
} as const

/** A public page that shows two of these files with `next/image`. */
export const PROBE_PAGE = "/auth/probe"

/** Writes the files and the page into a copy of this project. */
export async function writeProbes(folder: string): Promise<void> {
  const page = `import Image from "next/image"
import { connection } from "next/server"
export const instant = false
export default async function ProbePage() {
  await connection()
  return ["/probe.png", "/probe dir/größe (1).png"].map((src) => <Image key={src} src={src} alt={src} width={64} height={64} />)
}
`
  const files = {
    [`app/(app)${PROBE_PAGE}/page.tsx`]: page,
    "public/.hidden": "",
    ...Object.fromEntries(Object.entries(PROBES).map(([name, content]) => [`public${name}`, content])),
  }
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  }
}

/** Asserts that the browser loads both images of {@link PROBE_PAGE}. */
export async function expectProbesVisible(page: Page): Promise<void> {
  await expect
    .poll(() =>
      page
        .getByRole("img", { name: /^\/probe/ })
        .evaluateAll((images) => images.map((image) => (image as HTMLImageElement).naturalWidth > 0)),
    )
    .toEqual([true, true])
}
