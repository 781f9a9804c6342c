import { randomBytes } from "node:crypto"
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises"
import { basename, dirname, join, relative, resolve } from "node:path"
import { Configuration, IdentityApi } from "@ory/client"
import type { Role } from "../lib/roles"
import { requiredTraits } from "../ory/required-traits"
import { kratosBinary } from "./kratos"
import { newKey, publicKeys, tokenizerTemplates, type PrivateKey } from "./session-token-keys"
import {
  commandOf,
  projectDir,
  type Running,
  run,
  SetupError,
  signalTo,
  start,
  waitForUrl,
  writeIfMissing,
} from "./processes"

export interface StackOptions {
  /** Origin of the app, for example `http://localhost:3000`. */
  appUrl: string
  /** Origin of Ory, for example `http://localhost:4000`. */
  oryUrl: string
  adminPort: number
  /** Port of the mail catcher's SMTP server. */
  mailPort: number
  /** Port of the web page that shows the mail. */
  inboxPort: number
  /** Folder for database, mail, secrets and the generated configuration. Each version of Kratos gets a subfolder. */
  dataDir: string
  /** More Kratos settings, as environment variables: `{ SESSION_LIFESPAN: "20s" }`. */
  overrides?: Readonly<Record<string, string>>
  /** Changes the text of `ory/kratos.yml` for settings that an environment variable can't hold. */
  edit?: (config: string) => string
  /** Whether cookies are Secure, as in production. Local development uses http. */
  secure?: boolean
  log: (source: string, line: string) => void
}

export interface LocalOry {
  readonly adminUrl: string
  /** Version of the running Kratos, without a `v`: `26.2.0`. */
  readonly version: string
  /** The version's folder in `StackOptions.dataDir`. */
  readonly dataDir: string
  /** The app's SESSION_TOKEN_JWKS. */
  readonly sessionTokenJwks: string
  /** Resolves to an error message when Kratos or the mail catcher has ended. */
  readonly died: Promise<string>
  /** Stops Kratos, but not the mail catcher. Its ports are closed. */
  stopKratos(): Promise<void>
  /** Starts Kratos again with the same data, and from then on with these changed settings. Resolves when it is ready. */
  startKratos(changed?: Readonly<Record<string, string>>): Promise<void>
  /** Kratos accepts connections, but does not respond. */
  pauseKratos(): void
  resumeKratos(): void
  /** Stops Kratos and the mail catcher. */
  stop(): Promise<void>
}

const configDir = join(projectDir, "ory")

const DATABASE = "ory.sqlite"

/** Data of local Ory, kept between runs of `npm run dev`. */
export const dataDir = join(projectDir, ".ory")

/**
 * Starts the mail catcher and Kratos on loopback. Resolves when both are ready and the database is migrated.
 * The caller must make sure that the ports are free. After an error, `stopAll` stops what was started.
 *
 * @throws SetupError when there is no Kratos, a process does not become ready, or `dataDir` is in use.
 */
export async function startOry(options: StackOptions): Promise<LocalOry> {
  const logOry = (line: string): void => {
    options.log("ory", line)
  }
  const { path: kratos, version } = await kratosBinary({ log: logOry })
  // An older Kratos starts with a database that a newer one migrated, without a warning. So each version has its own.
  const versionDir = join(resolve(options.dataDir), version)
  // Checked after kratosBinary: a build takes minutes, and another Ory may start meanwhile.
  await assertDataUnused(versionDir)
  const others = (await dataFolders(options.dataDir)).filter((folder) => folder !== versionDir)
  if (others.length > 0) {
    const kept = others.map((folder) => relative(projectDir, join(folder, DATABASE))).join(", ")
    logOry(
      `Kratos ${version} has its own data. Data of another version is kept, but not used: ${kept}. npm run ory:reset deletes all data.`,
    )
  }
  await mkdir(join(versionDir, "mail"), { recursive: true })
  // Only this user may read mail and secrets.
  await chmod(options.dataDir, 0o700)
  const config = join(versionDir, "kratos.yml")
  await writeFile(config, kratosConfig(await readFile(join(configDir, "kratos.yml"), "utf8"), options))
  const keys = await sessionTokenKeys(join(versionDir, "session-token-keys.json"))
  const env = await kratosEnv(versionDir, keys, options)
  const adminUrl = `http://127.0.0.1:${options.adminPort}`

  const startKratos = async (): Promise<Running> => {
    // `--dev` allows http, so cookies are not Secure. `--sqa-opt-out` stops statistics to Ory.
    const flags = [...(options.secure ? [] : ["--dev"]), "--watch-courier", "--sqa-opt-out"]
    const running = await start(kratos, ["serve", ...flags, "-c", config], {
      cwd: configDir,
      env,
      log: (line) => {
        logOry(readableLog(line))
      },
    })
    await writeFile(join(versionDir, "kratos.pid"), String(running.pid))
    await waitForUrl("Ory Kratos", `${adminUrl}/health/ready`, running)
    return running
  }

  const mail = await startMail(versionDir, options)
  // `-e` reads the database from DSN.
  await run(kratos, ["migrate", "sql", "-e", "--yes", "-c", config], { cwd: configDir, env })
  let server = await startKratos()
  await waitForUrl("The mail catcher", `http://127.0.0.1:${options.inboxPort}/email`, mail)

  return {
    adminUrl,
    version,
    dataDir: versionDir,
    sessionTokenJwks: publicKeys(keys),
    died: Promise.race([mail.died("The mail catcher"), server.died("Ory Kratos")]),
    stopKratos: () => server.stop(),
    startKratos: async (changed) => {
      Object.assign(env, changed)
      server = await startKratos()
    },
    pauseKratos: () => {
      server.signal("SIGSTOP")
    },
    resumeKratos: () => {
      server.signal("SIGCONT")
    },
    stop: async () => {
      await Promise.all([server.stop(), mail.stop()])
    },
  }
}

/**
 * Makes sure that no Kratos uses `dataDir`. A second one, or deleting its files, would damage the database.
 *
 * @throws SetupError with the id of the process.
 */
export async function assertDataUnused(dataDir: string): Promise<void> {
  const pid = Number(await readFile(join(dataDir, "kratos.pid"), "utf8").catch(() => "0"))
  if (pid === 0 || !signalTo(pid, 0)) return
  const command = await commandOf(pid)
  // Another program may have this id by now.
  if (command === "" || command.includes(join(resolve(dataDir), "kratos.yml")))
    throw new SetupError(
      `Local Ory (process ${pid}) is running on the data in ${dataDir}. Stop it first: Ctrl-C where it was started, or kill ${pid}.`,
    )
}

/** The folders in `dataDir` with a database: one for each version. `dataDir` itself may have one from before that. */
export async function dataFolders(dataDir: string): Promise<string[]> {
  const files = await readdir(dataDir, { recursive: true }).catch(() => [])
  return files.filter((file) => basename(file) === DATABASE).map((file) => resolve(dataDir, dirname(file)))
}

/**
 * Kratos settings for sign-in with an OpenID Connect provider. Register this redirect URI there:
 * `<Ory>/self-service/methods/oidc/callback/social`. https://www.ory.com/docs/kratos/social-signin/generic
 */
export function socialSignIn({
  issuer,
  clientId,
  clientSecret,
}: Record<"issuer" | "clientId" | "clientSecret", string>): Record<string, string> {
  const provider = {
    id: "social",
    provider: "generic",
    label: new URL(issuer).host,
    issuer_url: issuer,
    client_id: clientId,
    client_secret: clientSecret,
    scope: ["openid", "email", "profile"],
    mapper_url: "file://oidc.jsonnet",
  }
  return {
    SELFSERVICE_METHODS_OIDC_ENABLED: "true",
    SELFSERVICE_METHODS_OIDC_CONFIG_PROVIDERS: JSON.stringify([provider]),
  }
}

async function startMail(dataDir: string, { mailPort, inboxPort, log }: StackOptions): Promise<Running> {
  const inbox = ["--import", "tsx", "scripts/inbox.ts", String(mailPort), String(inboxPort), join(dataDir, "mail")]
  return start(process.execPath, inbox, {
    cwd: projectDir,
    log: (line) => {
      if (!/^MailDev |shutdown signal/.test(line)) log("mail", line)
    },
  })
}

function kratosConfig(template: string, { appUrl, oryUrl, edit = (config) => config }: StackOptions): string {
  const origins: Record<string, string> = { "http://localhost:3000": appUrl, "http://localhost:4000": oryUrl }
  const config = edit(template).replace(/http:\/\/localhost:[34]000\b/g, (origin) => origins[origin] ?? origin)
  return `# Generated from ory/kratos.yml at each start. Change that file instead.\n${config}`
}

/** Kratos reads all settings from its environment, so it does not inherit this process's variables. */
async function kratosEnv(
  dataDir: string,
  keys: readonly PrivateKey[],
  options: StackOptions,
): Promise<Record<string, string | undefined>> {
  const { PATH, HOME, TMPDIR, TZ } = process.env
  return {
    PATH,
    HOME,
    TMPDIR,
    TZ,
    // With SQLite's default journal, Kratos often fails with "database is locked" while it writes an email.
    DSN: `sqlite://${join(dataDir, DATABASE)}?_fk=true&mode=rwc&_journal_mode=WAL`,
    SERVE_PUBLIC_PORT: new URL(options.oryUrl).port || "80",
    SERVE_ADMIN_PORT: String(options.adminPort),
    SERVE_ADMIN_BASE_URL: `http://127.0.0.1:${options.adminPort}/`,
    COURIER_SMTP_CONNECTION_URI: `smtp://127.0.0.1:${options.mailPort}/?disable_starttls=true`,
    LOG_FORMAT: "json",
    SESSION_WHOAMI_TOKENIZER_TEMPLATES: tokenizerTemplates(keys),
    ...(await kratosSecrets(join(dataDir, "secrets.json"))),
    ...options.overrides,
  }
}

/** Created once: new secrets would invalidate the sessions and second factors in the database. */
async function kratosSecrets(file: string): Promise<Record<string, string>> {
  const random = (): string => randomBytes(24).toString("base64url")
  const secrets = { SECRETS_DEFAULT_0: random(), SECRETS_COOKIE_0: random(), SECRETS_CIPHER_0: random() }
  await writeIfMissing(file, JSON.stringify(secrets, null, 2))
  return JSON.parse(await readFile(file, "utf8")) as Record<string, string>
}

/** Created once, with the private half. Only this user may read it. */
async function sessionTokenKeys(file: string): Promise<readonly PrivateKey[]> {
  await writeIfMissing(file, JSON.stringify([newKey()]))
  return JSON.parse(await readFile(file, "utf8")) as PrivateKey[]
}

interface KratosLogLine {
  level?: string
  msg?: string
  hook?: string
  error?: { message?: string; reason?: string }
}

/** A line of Kratos' JSON log as text. Empty for lines without use to a developer. */
function readableLog(line: string): string {
  try {
    const { level, msg = "", error, hook } = JSON.parse(line) as KratosLogLine
    // The warning about `--dev`, and about the version in ory/kratos.yml, which the fallback does not know.
    if (msg.includes("DEV MODE") || msg.startsWith("Config version is")) return ""
    // Kratos 26.2.0 adds a hook for sign-up in two steps to its own settings, and then doesn't know it.
    if (hook === "two_step_registration") return ""
    return [level, msg, error?.message, error?.reason].filter(Boolean).join(": ")
  } catch {
    return line
  }
}

/** The accounts that `seedDemoUsers` creates. The password is public, so they are for local Ory only. */
export const demoUser = { email: "demo@example.com", password: "try-ory-locally" }
export const demoAdmin = { email: "admin@example.com", password: demoUser.password }

/**
 * Creates the demo user and the demo admin, with a verified address and the values in `ory/required-traits.ts`. Existing accounts
 * stay unchanged.
 *
 * @returns A warning when the existing demo user is invalid under the identity schema.
 * @throws SetupError when the identity schema refuses the demo user.
 */
export async function seedDemoUsers(adminUrl: string): Promise<string | undefined> {
  await seed(adminUrl, demoAdmin, "Admin", { role: "admin" })
  return seed(adminUrl, demoUser, "User")
}

async function seed(
  adminUrl: string,
  { email, password }: typeof demoUser,
  last: string,
  metadata?: { role: Role },
): Promise<string | undefined> {
  const baseOptions = { adapter: "fetch", validateStatus: () => true }
  const identities = new IdentityApi(new Configuration({ basePath: adminUrl, baseOptions }))
  const { status, data } = await identities.createIdentity({
    createIdentityBody: {
      schema_id: "default",
      traits: { ...requiredTraits, email, name: { first: "Demo", last } },
      ...(metadata && { metadata_public: metadata }),
      credentials: { password: { config: { password } } },
      verifiable_addresses: [{ value: email, via: "email", verified: true, status: "completed" }],
    },
  })
  if (status === 201) return undefined
  if (status === 409) return invalidDemoUser(identities)
  throw new SetupError(
    `Ory refused the demo user (${status}). Add a value for each required trait of ory/identity.schema.json to ory/required-traits.ts. Ory's response:\n${JSON.stringify(data)}`,
  )
}

/** Why the existing demo user is invalid. Ory validates an identity only when it is written, so this writes its schema id again. */
async function invalidDemoUser(identities: IdentityApi): Promise<string | undefined> {
  const found = await identities.listIdentities({ credentialsIdentifier: demoUser.email })
  const [user] = found.data
  if (user === undefined) return undefined
  const { status, data } = await identities.patchIdentity({
    id: user.id,
    jsonPatch: [{ op: "replace", path: "/schema_id", value: user.schema_id }],
  })
  if (status !== 400) return undefined
  const { error } = data as unknown as { error: { reason: string } }
  // Ory writes: I[#/traits] S[#/properties/traits/required] missing properties: "phone"
  const problems = error.reason
    .replace(/I\[#\/([^\]]*)\] S\[[^\]]*\]/g, "$1:")
    .split("\n")
    .filter((line) => !line.endsWith("validation failed"))
  return [
    "The demo user is older than ory/identity.schema.json and does not fit it:",
    ...problems,
    "To create the demo user again, run npm run ory:reset. It deletes all local accounts.",
  ].join("\n")
}
