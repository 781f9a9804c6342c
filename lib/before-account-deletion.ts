import type { Texts } from "@/lib/texts"

/** Why an account can't be deleted now: a key of `deleteAccount.reasons` in `lib/texts/`. */
export type StopReason = keyof Texts["deleteAccount"]["reasons"]

/** Each deletes what one part of your product stores about a user. For example: (id) => database.invoices.deleteMany({ where: { owner: id } }) */
const DELETIONS: readonly ((identityId: string) => Promise<unknown>)[] = []

/**
 * Deletes what your product stores about this user, before Ory deletes the account. Fill it in: see docs/your-data.md. When a later step
 * fails, the user submits the form again. So deleting what is gone already must succeed.
 *
 * @param identityId Ory's id of the identity, by which your product stores its data.
 * @returns A reason to keep the account for now, which the user sees. Return it before you delete anything.
 * @throws When something failed. The account stays, and the user can try again.
 */
export async function beforeAccountDeletion(identityId: string): Promise<StopReason | undefined> {
  // For example: if (await hasSubscription(identityId)) return "subscription"
  await Promise.all(DELETIONS.map((deletion) => deletion(identityId)))
  return undefined
}
