import "server-only"
import { log } from "@/lib/log"
import { ory } from "@/lib/ory"
import type { Texts } from "@/lib/texts"

/** Longest text from Ory in one line of the log, in characters. */
const MAX_LOGGED = 500

/**
 * Our own sentence for the error that Ory sent the browser to `/auth/error` with. Ory's text can quote a link that an attacker made, so
 * it goes to the log only. https://www.ory.com/docs/kratos/self-service/flows/user-facing-errors
 *
 * @param id From the query of `/auth/error`.
 * @param sentences In the user's language, by Ory's id of the error.
 */
export async function flowErrorSentence(
  id: string | string[] | undefined,
  sentences: Texts["flowErrors"],
): Promise<string> {
  if (typeof id !== "string") return sentences.other
  const response = await ory.getFlowError({ id }).catch(() => undefined)
  if (response?.status !== 200) return sentences.other
  const {
    id: name = "without an id",
    message = "",
    reason = "",
  } = (response.data.error ?? {}) as Partial<Record<string, string>>
  const text = `Ory ended a flow with an error: ${oneLine(`${name}: ${message} ${reason}`)}`
  log("error", "flow_error", text, { error_id: oneLine(name) })
  return Object.hasOwn(sentences, name) ? sentences[name as keyof typeof sentences] : sentences.other
}

/** Without characters that could forge a second line, or move or recolour what a terminal shows. */
function oneLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")
    .slice(0, MAX_LOGGED)
    .toWellFormed()
}
