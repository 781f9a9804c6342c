import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, expect, test } from "vitest"
import { publicFile } from "@/lib/public-files"
import { publicFiles } from "@/lib/public-files-loader.mjs"

let project: string
beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), "ory-local-public-"))
})
afterEach(() => rm(project, { recursive: true, force: true }))

async function write(...files: string[]): Promise<void> {
  for (const file of files) {
    await mkdir(dirname(join(project, file)), { recursive: true })
    await writeFile(join(project, file), "")
  }
}

test("lists the path of every file, including files in folders and with special characters", async () => {
  await write(
    "public/logo.png",
    "public/a b/größe (1)%.png",
    "public/.well-known/security.txt",
    "app/dashboard/page.tsx",
    "secret.txt",
  )
  expect(publicFiles(project)).toEqual(["/.well-known/security.txt", "/a b/größe (1)%.png", "/logo.png"])
})

test("excludes folders, hidden files and broken links, which Next does not serve", async () => {
  await write("public/.gitkeep", "public/a/.DS_Store", "public/b/c.png")
  await symlink(join(project, "missing"), join(project, "public/broken.png"))
  await symlink(join(project, "public/b/c.png"), join(project, "public/link.png"))
  expect(publicFiles(project)).toEqual(["/b/c.png", "/link.png"])
})

test("returns an empty list without public/", () => {
  expect(publicFiles(project)).toEqual([])
})

test.each([
  ["dashboard", "dashboard/page.tsx"],
  ["dashboard", "(app)/dashboard/page.tsx"],
  ["dashboard", "dashboard/@panel/page.tsx"],
  ["api/me", "api/me/route.ts"],
])("refuses public/%s beside app/%s", async (file, page) => {
  await write(`public/${file}`, `app/${page}`)
  expect(() => publicFiles(project)).toThrow(
    `public/${file} has the path of the page app/${page}. Rename one of the two.`,
  )
})

test.each([
  ["dashboard/logo.png", "dashboard/page.tsx"],
  ["dashboard", "dashboard/actions.ts"],
  ["page.tsx", "dashboard/page.tsx"],
])("allows public/%s beside app/%s", async (file, page) => {
  await write(`public/${file}`, `app/${page}`)
  expect(publicFiles(project)).toEqual([`/${file}`])
})

test.each(["/", "/logo.png", "/.gitkeep", "/dashboard", "/%E0%A4%A", "/constructor"])(
  "without the loader, no file is public: %s",
  (path) => {
    expect(publicFile(path)).toBeUndefined()
  },
)
