import { readdir, readFile } from "node:fs/promises"
import { expect, test } from "vitest"
import { parse } from "yaml"

/** The configuration of local Ory. */
const kratos = parse(await readFile("ory/kratos.yml", "utf8")) as unknown

const docs = await Promise.all(
  (await readdir("docs")).filter((file) => file.endsWith(".md")).map((file) => readFile(`docs/${file}`, "utf8")),
)
const text = docs.join("\n")

/** `/path=value` of every `ory patch`. */
const commands = [...text.matchAll(/--replace '([^'=]+)=([^']+)'/g)].map(
  ([, path = "", value = ""]) => [kratosPath(path.slice(1).split("/").join(".")), value] as const,
)

/** CORS has another name in a project of Ory Network. */
function kratosPath(path: string): string {
  return path
    .replace("cors_public.origins", "serve.public.cors.allowed_origins")
    .replace("cors_public", "serve.public.cors")
}

/** Rows of tables: a setting and its value here. */
const rows = [...text.matchAll(/^\|[^|]*\| `([a-z_]+(?:\.[a-z_]+)+)` +\| `([^`]+)` +\|/gm)].map(
  ([, path = "", value = ""]) => [path, value] as const,
)

function setting(path: string): unknown {
  return path.split(".").reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], kratos)
}

/** The examples' origins are of this machine only. */
function deployed(value: unknown): unknown {
  return Array.isArray(value) ? value.filter((url) => !/:300[12]$/.test(String(url))) : value
}

test.each(commands)("the command for %s sets what local Ory has", (path, value) => {
  expect(
    JSON.parse(
      value
        .replaceAll("https://app.example.com", "http://localhost:3000")
        .replaceAll("https://auth.example.com", "http://localhost:4000"),
    ),
  ).toEqual(deployed(setting(path)))
})

test.each(rows)("the table says of %s what local Ory has", (path, value) => {
  expect(value).toBe(String(setting(path)))
})

test("the docs have a command for each required setting of Ory Network", () => {
  const flows = ["login", "registration", "recovery", "verification", "settings", "error"]
  expect(commands.map(([path]) => path)).toEqual(
    expect.arrayContaining([
      "session.lifespan",
      "session.earliest_possible_extend",
      "session.cookie.persistent",
      "session.whoami.required_aal",
      "selfservice.flows.settings.required_aal",
      "selfservice.flows.settings.privileged_session_max_age",
      "selfservice.allowed_return_urls",
      ...flows.map((flow) => `selfservice.flows.${flow}.ui_url`),
    ]),
  )
  expect(rows).toHaveLength(6)
})

test("local Ory allows return URLs of both examples", () => {
  expect(setting("selfservice.allowed_return_urls")).toEqual(
    expect.arrayContaining(["http://localhost:3001", "http://localhost:3002"]),
  )
})

test("the deploy button names only variables in .env.example", async () => {
  const [, names = ""] = /vercel\.com\/new\/clone\?[^)]*&env=([\w,]+)/.exec(await readFile("README.md", "utf8")) ?? []
  const known = [...(await readFile(".env.example", "utf8")).matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name)
  expect(names.split(",")).toContain("ORY_SDK_URL")
  expect(known).toEqual(expect.arrayContaining(names.split(",")))
})
