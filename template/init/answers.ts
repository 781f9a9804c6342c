import { existsSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { cancel, confirm, intro, isCancel, multiselect, text } from "@clack/prompts"
import { InitError } from "./copy"

export const EXAMPLES = ["express", "go"] as const
export type Example = (typeof EXAMPLES)[number]

export interface Answers {
  name: string
  /** Email address or https URL. Empty: the repository's private reporting. */
  securityContact: string
  /** The examples to keep. */
  examples: readonly Example[]
}

export interface Flags {
  yes: boolean
  skipChecks: boolean
  name?: string
  securityContact?: string
  examples?: readonly Example[]
}

export const USAGE = `npm run init -- [options]

  --name <name>                     the product's name, for example "Acme Invoices"
  --security-contact <contact>      email address or https URL for security reports
  --examples <express,go | none>    the examples to keep
  --yes                             asks nothing: without the flags above, keeps no example
                                    and names the repository's private reporting as the contact
  --skip-checks                     does not run npm run test:quick before it replaces the files`

/** @throws InitError for an unknown option or an invalid value. */
export function parseFlags(args: readonly string[]): Flags {
  const options = {
    yes: { type: "boolean", default: false },
    "skip-checks": { type: "boolean", default: false },
    name: { type: "string" },
    examples: { type: "string" },
    "security-contact": { type: "string" },
  } as const
  let values
  try {
    values = parseArgs({ args: [...args], options }).values
  } catch (error) {
    throw new InitError(`${(error as Error).message}\n\n${USAGE}`)
  }
  const flags: Flags = { yes: values.yes, skipChecks: values["skip-checks"] }
  if (values.name !== undefined) flags.name = valid("--name", values.name, nameProblem)
  if (values.examples !== undefined) flags.examples = parseExamples(values.examples)
  const contact = values["security-contact"]
  if (contact !== undefined) flags.securityContact = valid("--security-contact", contact, contactProblem)
  return flags
}

/** Asks for what the flags don't say. With `--yes`, asks nothing. */
export async function askForAnswers(flags: Flags, project: string): Promise<Answers> {
  const available = EXAMPLES.filter((example) => existsSync(join(project, "examples", example)))
  if (flags.yes) {
    if (flags.name === undefined) throw new InitError(`--yes needs --name.\n\n${USAGE}`)
    const { name, securityContact = "", examples = [] } = flags
    return { name, securityContact, examples: examples.filter((example) => available.includes(example)) }
  }
  if (flags.name === undefined || flags.securityContact === undefined || flags.examples === undefined) requireTerminal()
  intro("Make it yours")
  const name = flags.name ?? (await askForName())
  const securityContact = flags.securityContact ?? (await askForContact())
  const examples = flags.examples ?? (await askForExamples(available))
  return { name, securityContact, examples }
}

async function askForName(): Promise<string> {
  const message = "What is your product's name?"
  return (await answered(text({ message, placeholder: "Acme Invoices", validate: nameProblem }))).trim()
}

async function askForContact(): Promise<string> {
  const message = "Where do people report security problems? Enter an email address or https URL."
  const placeholder = "Leave this empty to use the repository's private reporting."
  return (await answered(text({ message, placeholder, defaultValue: "", validate: contactProblem }))).trim()
}

async function askForExamples(available: readonly Example[]): Promise<readonly Example[]> {
  if (available.length === 0) return []
  const message = "Which examples do you keep? They are small APIs that share this app's sessions."
  const options = available.map((value) => ({ value, label: `examples/${value}` }))
  return answered(multiselect({ message, options, required: false }))
}

/** @throws InitError when the answer is no. */
export async function confirmWithoutGit(flags: Flags): Promise<void> {
  if (flags.yes) return
  requireTerminal()
  const message = "This folder has no Git repository, so you can't undo this. Continue?"
  if (!(await answered(confirm({ message, initialValue: false }))))
    throw new InitError("Nothing was changed. `git init && git add --all && git commit -m Start` makes a repository.")
}

/** A valid npm name: lower case, digits and hyphens. */
export function packageName(product: string): string {
  const name = product
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 100)
  return name === "" || name === "node-modules" ? "app" : name
}

export function nameProblem(value: string | undefined): string | undefined {
  const name = value?.trim() ?? ""
  if (name === "") return "The name is empty. Enter a name, for example Acme Invoices."
  if (name.length > 60) return `The name has ${name.length} characters. Use at most 60.`
  if (/\p{C}/u.test(name)) return "The name has a control character. Use letters, digits, spaces and punctuation."
  return undefined
}

export function contactProblem(value: string | undefined): string | undefined {
  const contact = value?.trim() ?? ""
  if (contact === "" || /^[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+$/.test(contact)) return undefined
  if (/^https:\/\/[^\s<>]+$/.test(contact) && URL.canParse(contact)) return undefined
  return `"${contact}" is neither an email address nor an https URL.`
}

function parseExamples(list: string): readonly Example[] {
  if (list === "none") return []
  const names = list.split(",").map((name) => name.trim())
  const unknown = names.find((name) => !EXAMPLES.some((example) => example === name))
  if (unknown !== undefined)
    throw new InitError(`--examples is "${list}", but "${unknown}" is no example. Use express, go, express,go or none.`)
  return EXAMPLES.filter((example) => names.includes(example))
}

function valid(flag: string, value: string, problem: (value: string) => string | undefined): string {
  const wrong = problem(value)
  if (wrong !== undefined) throw new InitError(`${flag}: ${wrong}`)
  return value.trim()
}

function requireTerminal(): void {
  if (!process.stdin.isTTY)
    throw new InitError(`This is not a terminal, so no question can be asked. Use --yes and --name.\n\n${USAGE}`)
}

/** Ends the process when the user presses Ctrl-C. */
async function answered<T>(question: Promise<T>): Promise<Exclude<T, symbol>> {
  const answer = await question
  if (isCancel(answer)) {
    cancel("Nothing was changed.")
    process.exit(1)
  }
  return answer as Exclude<T, symbol>
}
