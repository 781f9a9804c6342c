import "server-only"
import { beforeAccountDeletion, type StopReason } from "@/lib/before-account-deletion"
import { log } from "@/lib/log"
import { canReachIdentity, deleteIdentity } from "@/lib/ory-admin"

/**
 * Deletes an account: your product's data first, then the identity at Ory. Until Ory has deleted it, the user can sign in and try again.
 *
 * @returns Why the account still exists. Undefined when it is deleted. Never throws.
 */
export async function deleteAccount(
  identityId: string,
  before: typeof beforeAccountDeletion = beforeAccountDeletion,
): Promise<StopReason | "failed" | undefined> {
  // Otherwise the data would be gone, and the account would remain.
  if (!(await canReachIdentity(identityId))) return "failed"
  try {
    const reason = await before(identityId)
    if (reason !== undefined) return reason
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    log("error", "account_deletion_failed", `beforeAccountDeletion failed: ${reason}`, { reason })
    return "failed"
  }
  return (await deleteIdentity(identityId)) ? undefined : "failed"
}
