import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { brand } from "@/lib/brand"

/** Text of each mail template, by its path in `ory/mails`. */
const templates = new Map(
  readdirSync("ory/mails", { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".gotmpl"))
    .map((path) => [path, readFileSync(join("ory/mails", path), "utf8")]),
)

test("each mail has a subject, an HTML body and a plain-text body", () => {
  const mails = [
    "login_code/valid",
    "recovery_code/invalid",
    "recovery_code/valid",
    "registration_code/valid",
    "verification_code/invalid",
    "verification_code/valid",
  ]
  const files = ["email.body.gotmpl", "email.body.plaintext.gotmpl", "email.subject.gotmpl"]
  expect([...templates.keys()].sort()).toEqual(mails.flatMap((mail) => files.map((file) => join(mail, file))))
})

test.each([...templates])("%s has the same product name as the app", (_, text) => {
  expect(text).toContain(JSON.stringify(brand.name))
})

test("all HTML mails have the same layout", () => {
  const layouts = [...templates]
    .filter(([path]) => path.endsWith("email.body.gotmpl"))
    .map(([, text]) => /{{- \/\* The rest of this file[^]*/.exec(text)?.[0])
  expect(layouts[0]).toContain("<!doctype html>")
  expect(new Set(layouts).size).toBe(1)
})
