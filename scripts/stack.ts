import { randomBytes } from "node:crypto"
import { chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { basename, dirname, join, relative, resolve } from "node:path"
import { requiredTraits } from "../ory/required-traits"
import { kratosBinary } from "./kratos"
import { commandOf, isAlive, SetupError, projectDir, type Running, run, start, waitForUrl } from "./processes"

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
  /** Resolves to an error message when Kratos or the mail catcher ended by itself. */
  readonly died: Promise<string>
  /** Stops Kratos, but not the mail catcher. Its ports are closed. */
  stopKratos(): Promise<void>
  /** Starts Kratos again with the same data. Resolves when it is ready. */
  startKratos(): Promise<void>
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
 * The caller must make sure that the ports are free.
 *
 * @throws SetupError when there is no Kratos, a process does not become ready, or `dataDir` is in use.
 */
export async function startOry(options: StackOptions): Promise<LocalOry> {
  const { adminPort, inboxPort, log } = options
  const { path: kratos, version } = await kratosBinary({
    log: (line) => {
      log("ory", line)
    },
  })
  // An older Kratos starts with a database that a newer one migrated, without a warning. So each version has its own.
  const versionDir = join(resolve(options.dataDir), version)
  const config = join(versionDir, "kratos.yml")
  const pidFile = join(versionDir, "kratos.pid")
  // Checked after kratosBinary: a build takes minutes, and another Ory may start meanwhile.
  await assertDataUnused(versionDir)
  const others = (await dataFolders(options.dataDir)).filter((folder) => folder !== versionDir)
  if (others.length > 0) {
    const kept = others.map((folder) => relative(projectDir, join(folder, DATABASE))).join(", ")
    log(
      "ory",
      `Kratos ${version} has its own data. Data of another version is kept, but not used: ${kept}. npm run ory:reset deletes all data.`,
    )
  }
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 })
  // Earlier versions of this script made the folder readable for every user of the machine.
  await chmod(options.dataDir, 0o700)
  await mkdir(join(versionDir, "mail"), { recursive: true })
  await writeFile(config, kratosConfig(await readFile(join(configDir, "kratos.yml"), "utf8"), options))
  const env = await kratosEnv(versionDir, options)

  let die: (message: string) => void
  const died = new Promise<string>((settle) => (die = settle))
  const watch = (name: string, running: Running): void => {
    void running.died.then(({ description }) => {
      die(`${name} ${description}`)
    })
  }

  const mail = await startMail(versionDir, options)
  watch("The mail catcher", mail)
  let server: Running | undefined

  const startKratos = async (): Promise<void> => {
    // `--dev` allows http, so cookies are not Secure. `--sqa-opt-out` stops statistics to Ory.
    const flags = [...(options.secure ? [] : ["--dev"]), "--watch-courier", "--sqa-opt-out"]
    server = await start(kratos, ["serve", ...flags, "-c", config], {
      cwd: configDir,
      env,
      log: (line) => {
        const readable = readableLog(line)
        if (readable !== undefined) log("ory", readable)
      },
    })
    watch("Ory Kratos", server)
    await writeFile(pidFile, String(server.pid))
    await waitForUrl("Ory Kratos", `http://127.0.0.1:${adminPort}/health/ready`, server)
  }
  const stopKratos = async (): Promise<void> => {
    await server?.stop()
    await rm(pidFile, { force: true })
  }
  const stop = async (): Promise<void> => {
    await Promise.all([stopKratos(), mail.stop()])
  }

  try {
    // `-e` reads the database from DSN.
    await run(kratos, ["migrate", "sql", "-e", "--yes", "-c", config], { cwd: configDir, env })
    await startKratos()
    await waitForUrl("The mail catcher", `http://localhost:${inboxPort}/email`, mail)
  } catch (error) {
    await stop()
    throw error
  }

  return {
    adminUrl: `http://127.0.0.1:${adminPort}`,
    version,
    dataDir: versionDir,
    died,
    stopKratos,
    startKratos,
    pauseKratos: () => server?.signal("SIGSTOP"),
    resumeKratos: () => server?.signal("SIGCONT"),
    stop,
  }
}

/**
 * Makes sure that no Kratos uses `dataDir`. A second one, or deleting its files, would damage the database.
 *
 * @throws SetupError with the id of the process.
 */
export async function assertDataUnused(dataDir: string): Promise<void> {
  const pid = Number(await readFile(join(dataDir, "kratos.pid"), "utf8").catch(() => "0"))
  if (pid === 0 || !isAlive(pid)) return
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

/** An OpenID Connect provider, and this app's credentials there. */
export interface OpenIdProvider {
  issuer: string
  clientId: string
  clientSecret: string
}

/**
 * Kratos settings for sign-in with a provider. Register this redirect URI there:
 * `<Ory>/self-service/methods/oidc/callback/social`. https://www.ory.com/docs/kratos/social-signin/generic
 */
export function socialSignIn({ issuer, clientId, clientSecret }: OpenIdProvider): Record<string, string> {
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

function kratosConfig(template: string, { appUrl, oryUrl }: StackOptions): string {
  const origins: Record<string, string> = { "http://localhost:3000": appUrl, "http://localhost:4000": oryUrl }
  const config = template.replace(/http:\/\/localhost:[34]000\b/g, (origin) => origins[origin] ?? origin)
  return `# Generated from ory/kratos.yml at each start. Change that file instead.\n${config}`
}

/** Kratos reads all settings from its environment, so it does not inherit this process's variables. */
async function kratosEnv(dataDir: string, options: StackOptions): Promise<Record<string, string | undefined>> {
  const { PATH, HOME, TMPDIR, TZ } = process.env
  return {
    PATH,
    HOME,
    TMPDIR,
    TZ,
    DSN: `sqlite://${join(dataDir, DATABASE)}?_fk=true&mode=rwc`,
    SERVE_PUBLIC_PORT: new URL(options.oryUrl).port || "80",
    SERVE_ADMIN_PORT: String(options.adminPort),
    SERVE_ADMIN_BASE_URL: `http://127.0.0.1:${options.adminPort}/`,
    COURIER_SMTP_CONNECTION_URI: `smtp://localhost:${options.mailPort}/?disable_starttls=true`,
    LOG_FORMAT: "json",
    ...(await kratosSecrets(join(dataDir, "secrets.json"))),
    ...options.overrides,
  }
}

/** Created once: new secrets would invalidate the sessions and second factors in the database. */
async function kratosSecrets(file: string): Promise<Record<string, string>> {
  const random = (): string => randomBytes(24).toString("base64url")
  const secrets = { SECRETS_DEFAULT_0: random(), SECRETS_COOKIE_0: random(), SECRETS_CIPHER_0: random() }
  try {
    await writeFile(file, JSON.stringify(secrets, null, 2), { flag: "wx", mode: 0o600 })
    return secrets
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error
    return JSON.parse(await readFile(file, "utf8")) as Record<string, string>
  }
}

interface KratosLogLine {
  level?: string
  msg?: string
  error?: { message?: string; reason?: string }
}

/** A line of Kratos' JSON log as text. Undefined for lines without use to a developer. */
function readableLog(line: string): string | undefined {
  let entry: KratosLogLine
  try {
    entry = JSON.parse(line) as KratosLogLine
  } catch {
    return line.trim() === "" ? undefined : line
  }
  // The warning about `--dev`, and about the version in ory/kratos.yml, which the fallback does not know.
  if (entry.msg?.includes("DEV MODE") || entry.msg?.startsWith("Config version is")) return undefined
  return [entry.level, entry.msg, entry.error?.message, entry.error?.reason]
    .filter((part) => part !== undefined && part !== "")
    .join(": ")
}

/** The account that `seedDemoUser` creates. The password is public, so it is for local Ory only. */
export const demoUser = { email: "demo@example.com", password: "try-ory-locally" }

/**
 * Creates the demo user, with a verified address and the values in `ory/required-traits.ts`. An existing demo user stays unchanged.
 *
 * @returns A warning when the existing demo user is invalid under the identity schema.
 * @throws SetupError when the identity schema refuses the demo user.
 */
export async function seedDemoUser(adminUrl: string): Promise<string | undefined> {
  const { email, password } = demoUser
  // https://www.ory.sh/docs/kratos/reference/api#tag/identity/operation/createIdentity
  const response = await fetch(`${adminUrl}/admin/identities`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({
      schema_id: "default",
      traits: { ...requiredTraits, email, name: { first: "Demo", last: "User" } },
      credentials: { password: { config: { password } } },
      verifiable_addresses: [{ value: email, via: "email", verified: true, status: "completed" }],
    }),
  })
  if (response.ok) return undefined
  if (response.status === 409) return invalidDemoUser(adminUrl)
  throw new SetupError(
    `Ory refused the demo user (${response.status}). Add a value for each required trait of ory/identity.schema.json to ory/required-traits.ts. Ory's response:\n${await response.text()}`,
  )
}

/** Why the existing demo user is invalid. Ory validates an identity only when it is written, so this writes its schema id again. */
async function invalidDemoUser(adminUrl: string): Promise<string | undefined> {
  const found = await fetch(
    `${adminUrl}/admin/identities?${String(new URLSearchParams({ credentials_identifier: demoUser.email }))}`,
  )
  const [user] = (await found.json()) as { id: string; schema_id: string }[]
  if (user === undefined) return undefined
  const response = await fetch(`${adminUrl}/admin/identities/${user.id}`, {
    method: "PATCH",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify([{ op: "replace", path: "/schema_id", value: user.schema_id }]),
  })
  if (response.status !== 400) return undefined
  const { error } = (await response.json()) as { error: { reason: string } }
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
