import { existsSync, readFileSync } from "node:fs"
import { expect, test } from "vitest"

/** AGENTS.md names only files, commands and functions that exist. */

/** The guide without the block that `next dev` writes. */
const guide = readFileSync("AGENTS.md", "utf8").replace(/<!-- BEGIN:nextjs[^]*?END:nextjs[^>]*-->/g, "")

/** Everything in backticks. */
const code = Array.from(guide.matchAll(/`([^`\n]+)`/g), ([, text = ""]) => text)

const isCommand = (text: string): boolean => /^(npm|npx) /.test(text)

/** Words of a command or a sentence that look like a path of this repository. */
const paths = code
  .flatMap((text) => (isCommand(text) ? text.split(" ").slice(3) : [text]))
  .filter((text) => /^[\w.-]+(\/|\.(md|ts|mjs|json|yml)$)/.test(text) && !text.startsWith("request."))

test.each([...new Set(paths)])("%s exists", (path) => {
  // Playwright runs the files whose path begins with this one.
  expect(existsSync(path) || existsSync(`${path}.spec.ts`)).toBe(true)
})

test.each(code.filter((text) => text.startsWith("npm ")))("package.json has the script of %s", (command) => {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> }
  expect(Object.keys(scripts)).toContain(command.replace(/^npm (run )?/, ""))
})

test.each(code.filter((text) => text.endsWith("()")))("%s is exported by lib/session.ts or lib/env.ts", (call) => {
  const sources = ["lib/session.ts", "lib/env.ts"].map((path) => readFileSync(path, "utf8")).join("\n")
  expect(sources).toMatch(new RegExp(String.raw`^export (async )?function ${call.slice(0, -2)}\(`, "m"))
})

test("names the guards, and keeps the block of next dev", () => {
  expect(code).toEqual(
    expect.arrayContaining(["requireSession()", "checkAction()", "checkSession()", "checkRequest()"]),
  )
  expect(paths).toEqual(expect.arrayContaining(["middleware.ts", "lib/session.ts", "e2e/step-up"]))
  expect(readFileSync("AGENTS.md", "utf8")).toContain("<!-- BEGIN:nextjs-agent-rules -->")
})
