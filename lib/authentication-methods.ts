import type { Texts } from "@/lib/texts"

/** The readable name of one of Ory's authentication methods. A method without a text keeps Ory's name. */
export function methodName({ method = "unknown" }: { method?: string }, { methods }: Pick<Texts, "methods">): string {
  return (methods as Partial<Record<string, string>>)[method] ?? method
}
