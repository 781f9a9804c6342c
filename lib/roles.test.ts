import { expect, test } from "vitest"
import { readRole } from "@/lib/roles"

test("reads a known role", () => {
  expect(readRole({ role: "admin", team: "a" })).toBe("admin")
})

test.each([
  undefined,
  null,
  {},
  { role: "Admin" },
  { role: ["admin"] },
  { roles: ["admin"] },
  { role: true },
  "admin",
  ["admin"],
])("reads no role from %j", (metadata) => {
  expect(readRole(metadata)).toBeUndefined()
})
