import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest"

/** Servers that respond at ORY_ADMIN_URL but are not the admin API of this user's Ory. */

const ID = "3f1c6b9e-6d55-4c6a-9d0c-0c1f6f7d0a11"

let answer = { status: 404, body: "" }
/** The first responses, before `answer`. */
let first: (typeof answer)[] = []
const requests: string[] = []
const server = createServer(({ method }, response) => {
  requests.push(method ?? "")
  const { status, body } = first.shift() ?? answer
  response.writeHead(status).end(body)
})

let deleteAccount: typeof import("@/lib/delete-account").deleteAccount
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  vi.stubEnv("ORY_ADMIN_URL", `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  deleteAccount = (await import("@/lib/delete-account")).deleteAccount
})
afterAll(() => {
  server.close()
})
beforeEach(() => {
  requests.length = 0
  vi.spyOn(console, "error").mockReturnValue()
})

test.each([
  [404, "Not Found"],
  [404, '{"error":{"code":404}}'],
  [200, "<!doctype html>"],
  [200, "null"],
  [200, "{}"],
  [200, '{"id":"another"}'],
])("deletes nothing when ORY_ADMIN_URL responds with %i %s", async (status, body) => {
  answer = { status, body }
  const before = vi.fn()
  expect(await deleteAccount(ID, before)).toBe("failed")
  expect(before).not.toHaveBeenCalled()
  expect(requests).toEqual(["GET"])
})

test("deletes the product's data when the admin API knows the identity", async () => {
  answer = { status: 200, body: JSON.stringify({ id: ID }) }
  const before = vi.fn(() => Promise.resolve(undefined))
  first = [answer, { status: 204, body: "" }]
  expect(await deleteAccount(ID, before)).toBeUndefined()
  expect(before).toHaveBeenCalledWith(ID)
  expect(requests).toEqual(["GET", "DELETE"])
})

test.each([
  ["succeeded, because the identity is gone", 404, undefined],
  ["failed, because the identity still exists", 200, "failed"],
  ["failed, because the admin API does not say it", 500, "failed"],
])("a deletion without a clear response %s", async (_, status, result) => {
  answer = { status, body: JSON.stringify({ id: ID }) }
  first = [
    { status: 200, body: answer.body },
    { status: 504, body: "" },
  ]
  expect(await deleteAccount(ID, () => Promise.resolve(undefined))).toBe(result)
  expect(requests).toEqual(["GET", "DELETE", "GET"])
})
