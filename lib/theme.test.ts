import { createHash } from "node:crypto"
import { expect, test } from "vitest"
import { THEME_SCRIPT, THEME_SCRIPT_HASH } from "./theme"

test("the policy allows the script that sets the theme", () => {
  expect(createHash("sha256").update(THEME_SCRIPT).digest("base64")).toBe(THEME_SCRIPT_HASH)
})
