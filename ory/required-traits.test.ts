import { expect, test } from "vitest"
import schema from "./identity.schema.json"
import { requiredTraits } from "./required-traits"

test("has a test value for each required trait of the identity schema", () => {
  const required = schema.properties.traits.required.filter((name) => name !== "email")
  expect(Object.keys(requiredTraits)).toEqual(expect.arrayContaining(required))
})
