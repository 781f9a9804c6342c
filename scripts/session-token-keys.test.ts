import { expect, test } from "vitest"
import { newKey, publicKeys, rotated, tokenizerTemplates } from "./session-token-keys"

const [first, second] = [newKey(), newKey()]
const encoded = (keys: readonly object[]): string => Buffer.from(JSON.stringify({ keys })).toString("base64")

test("publishes no private member", () => {
  const { keys } = JSON.parse(publicKeys([first, second])) as { keys: object[] }
  const { d, ...isPublic } = first
  expect(d).not.toBe("")
  expect(keys).toHaveLength(2)
  expect(keys[0]).toEqual(isPublic)
})

test("gives Kratos all keys, the first of which signs", () => {
  const { api } = JSON.parse(tokenizerTemplates([first, second])) as { api: { ttl: string; jwks_url: string } }
  expect(api.ttl).toBe("5m")
  const jwks = Buffer.from(api.jwks_url.replace("base64://", ""), "base64").toString()
  expect(JSON.parse(jwks)).toEqual({ keys: [first, second] })
})

test("rotates in three steps", () => {
  const appended = rotated("append", encoded([first]))
  expect(appended).toHaveLength(2)
  expect(appended[0]).toEqual(first)
  const used = rotated("use", encoded(appended))
  expect(used).toEqual([appended[1], first])
  expect(rotated("remove", encoded(used))).toEqual([appended[1]])
})

test.each([
  ["unknown", encoded([first]), '"unknown" is no step'],
  ["append", undefined, "SESSION_TOKEN_KEYS holds no key set"],
  ["append", "x", "SESSION_TOKEN_KEYS holds no key set"],
  ["use", Buffer.from(publicKeys([first])).toString("base64"), "SESSION_TOKEN_KEYS holds no key set"],
  ["remove", encoded([first]), "SESSION_TOKEN_KEYS holds one key only"],
])("refuses the step %s with %s", (step, value, message) => {
  expect(() => rotated(step, value)).toThrow(message)
})
