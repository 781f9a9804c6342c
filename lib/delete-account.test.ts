import { beforeEach, expect, test, vi } from "vitest"
import { deleteAccount } from "@/lib/delete-account"
import { canReachIdentity, deleteIdentity } from "@/lib/ory-admin"

/** The browser tests delete accounts at a real Ory. Here, the order and the outcomes of `beforeAccountDeletion` matter. */
vi.mock("@/lib/ory-admin", () => ({ canReachIdentity: vi.fn(), deleteIdentity: vi.fn() }))

const calls: string[] = []
beforeEach(() => {
  calls.length = 0
  vi.spyOn(console, "error").mockReturnValue()
  vi.mocked(canReachIdentity).mockImplementation(() => Promise.resolve(calls.push("reach") > 0))
  vi.mocked(deleteIdentity).mockImplementation((id) => Promise.resolve(calls.push(`delete ${id}`) > 0))
})

test("deletes the product's data first, then the identity", async () => {
  const before = (id: string): Promise<undefined> => Promise.resolve(void calls.push(`before ${id}`))
  expect(await deleteAccount("1", before)).toBeUndefined()
  expect(calls).toEqual(["reach", "before 1", "delete 1"])
})

test("keeps the account for a reason of the product", async () => {
  expect(await deleteAccount("1", () => Promise.resolve("subscription"))).toBe("subscription")
  expect(calls).toEqual(["reach"])
})

test("keeps the account when the product's data could not be deleted, and logs why", async () => {
  expect(await deleteAccount("1", () => Promise.reject(new Error("no database")))).toBe("failed")
  expect(calls).toEqual(["reach"])
  expect(console.error).toHaveBeenCalledWith(expect.stringContaining("no database"))
})

test("deletes nothing while the admin API is unreachable", async () => {
  vi.mocked(canReachIdentity).mockResolvedValue(false)
  const before = vi.fn()
  expect(await deleteAccount("1", before)).toBe("failed")
  expect(before).not.toHaveBeenCalled()
  expect(calls).toEqual([])
})

test("says that the deletion failed when Ory did not delete the identity", async () => {
  vi.mocked(deleteIdentity).mockResolvedValue(false)
  expect(await deleteAccount("1", () => Promise.resolve(undefined))).toBe("failed")
})
