import { generateKeyPairSync, randomUUID } from "node:crypto"
import { pathToFileURL } from "node:url"
import { SetupError, runMain } from "./processes"

/** A private key of a JSON Web Key Set, for ES256. */
export interface PrivateKey {
  kty: "EC"
  crv: string
  x: string
  y: string
  d: string
  kid: string
  alg: "ES256"
  use: "sig"
}

export function newKey(): PrivateKey {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const { crv, x, y, d } = privateKey.export({ format: "jwk" }) as Record<"crv" | "x" | "y" | "d", string>
  return { kty: "EC", crv, x, y, d, kid: randomUUID(), alg: "ES256", use: "sig" }
}

/** The value of SESSION_TOKEN_JWKS for these keys. */
export function publicKeys(keys: readonly PrivateKey[]): string {
  return JSON.stringify({ keys: keys.map(({ kty, crv, x, y, kid, alg, use }) => ({ kty, crv, x, y, kid, alg, use })) })
}

/** Kratos' setting `session.whoami.tokenizer.templates` for these keys, of which the first signs. */
export function tokenizerTemplates(keys: readonly PrivateKey[]): string {
  const jwks = encode(keys)
  return JSON.stringify({
    api: { ttl: "5m", claims_mapper_url: "file://claims.jsonnet", jwks_url: `base64://${jwks}` },
  })
}

function encode(keys: readonly PrivateKey[]): string {
  return Buffer.from(JSON.stringify({ keys })).toString("base64")
}

/** The steps of a rotation, by the name of the command's argument. */
const STEPS: Record<string, (keys: readonly PrivateKey[]) => readonly PrivateKey[]> = {
  append: (keys) => [...keys, newKey()],
  use: (keys) => [...keys.slice(-1), ...keys.slice(0, -1)],
  remove: (keys) => keys.slice(0, -1),
}

/**
 * The key set after a step of a rotation: `append` adds a new key, `use` moves the last one to the front, so that it signs, and
 * `remove` drops the last one.
 *
 * @param encoded The value of SESSION_TOKEN_KEYS.
 * @throws SetupError when the step or the value is invalid.
 */
export function rotated(step: string, encoded: string | undefined): readonly PrivateKey[] {
  const change = STEPS[step]
  if (change === undefined)
    throw new SetupError(`"${step}" is no step. Use ${Object.keys(STEPS).join(", ")}, or nothing.`)
  const keys = decode(encoded)
  if (keys === undefined)
    throw new SetupError("SESSION_TOKEN_KEYS holds no key set. Set it to the value that this command printed before.")
  if (step === "remove" && keys.length === 1)
    throw new SetupError("SESSION_TOKEN_KEYS holds one key only. Append another one before you remove it.")
  return change(keys)
}

function decode(encoded: string | undefined): readonly PrivateKey[] | undefined {
  try {
    const { keys } = JSON.parse(Buffer.from(encoded ?? "", "base64").toString()) as { keys?: PrivateKey[] }
    return keys?.every(({ d, kid }) => d && kid) && keys.length > 0 ? keys : undefined
  } catch {
    return undefined
  }
}

/** `npm run session-token-keys`: prints a new key set, or with a step of a rotation the next one, as environment variables. */
if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  await runMain(() => {
    const [step] = process.argv.slice(2)
    const keys = step === undefined ? [newKey()] : rotated(step, process.env.SESSION_TOKEN_KEYS)
    console.log(`SESSION_TOKEN_KEYS=${encode(keys)}\nSESSION_TOKEN_JWKS='${publicKeys(keys)}'`)
    return Promise.resolve()
  })
