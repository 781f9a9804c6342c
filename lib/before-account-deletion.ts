import type { Texts } from "@/lib/texts"

/** Why an account can't be deleted now: a key of `deleteAccount.reasons` in `lib/texts/`. */
export type StopReason = keyof Texts["deleteAccount"]["reasons"]

/**
 * Deletes what your product stores about this user, before Ory deletes the account. Fill it in: see docs/your-data.md. When a later step
 * fails, the user submits the form again. So deleting what is gone already must succeed.
 *
 * @param identityId Ory's id of the identity, by which your product stores its data.
 * @returns A reason to keep the account for now, which the user sees.
 * @throws When something failed. The account stays, and the user can try again.
 */
export async function beforeAccountDeletion(identityId: string): Promise<StopReason | undefined> {
  // For example: if (await hasSubscription(identityId)) return "subscription"
  //              await database.invoices.deleteMany({ where: { owner: identityId } })
  identityId
  return Promise.resolve(undefined)
}
