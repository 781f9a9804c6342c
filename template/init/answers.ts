import { existsSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { cancel, confirm, intro, isCancel, multiselect, select, text } from "@clack/prompts"
import { catalogues, defaultLocale, type Locale } from "../../lib/texts"
import { InitError } from "./copy"

export const EXAMPLES = ["express", "go"] as const
export type Example = (typeof EXAMPLES)[number]

export const LOCALES = Object.keys(catalogues) as Locale[]

export interface Answers {
  name: string
  /** The default language. */
  language: Locale
  /** Whether the other languages are removed. */
  onlyDefaultLanguage: boolean
  /** Email address or https URL. Empty: the repository's private reporting. */
  securityContact: string
  /** The examples to keep. */
  examples: readonly Example[]
}

export interface Flags {
  yes: boolean
  skipChecks: boolean
  onlyDefaultLanguage: boolean
  name?: string
  language?: Locale
  securityContact?: string
  examples?: readonly Example[]
}

export const USAGE = `npm run init -- [options]

  --name <name>                     the product's name, for example "Acme Invoices"
  --language <en | de | es>         the default language of pages and messages
  --only-default-language           removes the other languages
  --security-contact <contact>      email address or https URL for security reports
  --examples <express,go | none>    the examples to keep
  --yes                             asks nothing: without the flags above, keeps English as the
                                    default language and no example, and names the repository's
                                    private reporting as the contact
  --skip-checks                     does not run npm run test:quick before it replaces the files`

/**
 * The options of the command, or `help` when the user asked for {@link USAGE}.
 *
 * @throws InitError for an unknown option or an invalid value.
 */
export function parseFlags(args: readonly string[]): Flags | "help" {
  const options = {
    help: { type: "boolean", short: "h", default: false },
    yes: { type: "boolean", default: false },
    "skip-checks": { type: "boolean", default: false },
    name: { type: "string" },
    language: { type: "string" },
    "only-default-language": { type: "boolean", default: false },
    examples: { type: "string" },
    "security-contact": { type: "string" },
  } as const
  let values
  try {
    values = parseArgs({ args: [...args], options }).values
  } catch (error) {
    throw new InitError(`${(error as Error).message}\n\n${USAGE}`)
  }
  if (values.help) return "help"
  const flags: Flags = {
    yes: values.yes,
    skipChecks: values["skip-checks"],
    onlyDefaultLanguage: values["only-default-language"],
  }
  if (values.name !== undefined) flags.name = valid("--name", values.name, nameProblem)
  if (values.language !== undefined) flags.language = parseLanguage(values.language)
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
    const { name, language = defaultLocale, onlyDefaultLanguage, securityContact = "", examples = [] } = flags
    const kept = examples.filter((example) => available.includes(example))
    return { name, language, onlyDefaultLanguage, securityContact, examples: kept }
  }
  const asked = [flags.name, flags.language, flags.securityContact, flags.examples]
  if (asked.includes(undefined)) requireTerminal()
  intro("Make it yours")
  const name = flags.name ?? (await askForName())
  const language = flags.language ?? (await askForLanguage())
  // With `--language`, only the other flag removes languages.
  const onlyDefaultLanguage =
    flags.onlyDefaultLanguage || (flags.language === undefined && (await askForOnlyLanguage(language)))
  const securityContact = flags.securityContact ?? (await askForContact())
  const examples = flags.examples ?? (await askForExamples(available))
  return { name, language, onlyDefaultLanguage, securityContact, examples }
}

async function askForName(): Promise<string> {
  const message = "What is your product's name?"
  return (await answered(text({ message, placeholder: "Acme Invoices", validate: nameProblem }))).trim()
}

async function askForLanguage(): Promise<Locale> {
  const message = "What is your product's default language?"
  const options = LOCALES.map((value) => ({ value, label: languageName(value) }))
  return answered(select({ message, options, initialValue: defaultLocale }))
}

async function askForOnlyLanguage(language: Locale): Promise<boolean> {
  const others = LOCALES.filter((locale) => locale !== language).map(languageName)
  const message = `Remove the other languages (${others.join(", ")})?`
  return answered(confirm({ message, initialValue: false }))
}

const languageName = (locale: Locale): string => new Intl.DisplayNames("en", { type: "language" }).of(locale) ?? locale

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
  const message = "Git does not have these files, so you can't undo this. Continue?"
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

function parseLanguage(language: string): Locale {
  const known = LOCALES.find((locale) => locale === language)
  if (known === undefined)
    throw new InitError(`--language is "${language}", but there are only these languages: ${LOCALES.join(", ")}.`)
  return known
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
