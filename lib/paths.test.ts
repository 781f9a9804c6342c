import { existsSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { expect, test } from "vitest"
import { parse } from "yaml"
import { paths } from "@/lib/routes"

/** Folders in parentheses are not part of a path. */
const ROUTES = ["", "/(app)", "/(public)"].flatMap((group) => ["page.tsx", "route.ts"].map((file) => ({ group, file })))

test.each(Object.entries(paths))("%s is the path of a page or route handler: %s", (_, path) => {
  expect(ROUTES.filter(({ group, file }) => existsSync(join("app", group, path, file)))).toHaveLength(1)
})

test("ory/kratos.yml redirects browsers to these paths", async () => {
  const { selfservice } = parse(await readFile("ory/kratos.yml", "utf8")) as {
    selfservice: { default_browser_return_url: string; flows: Record<string, { ui_url?: string }> }
  }
  const pageOf = (flow: string): string => new URL(selfservice.flows[flow]?.ui_url ?? "").pathname
  for (const flow of ["login", "registration", "recovery", "verification", "settings", "error"] as const)
    expect(pageOf(flow), flow).toBe(paths[flow])
  expect(new URL(selfservice.default_browser_return_url).pathname).toBe(paths.dashboard)
})
