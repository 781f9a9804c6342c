import { CompactEncrypt, compactDecrypt } from "jose"
import { env } from "@/lib/env"
import { SESSION_VERSION, type Session, type Verdict } from "@/lib/ory"
import type { AppRequest } from "@/lib/request"
import { sha256 } from "@/lib/sha256"

/**
 * Encrypts the result of a session check, so that it can be read again without a call to Ory: as a `handoff` from the gate to the
 * page of the same request, or as a `snapshot` in a cookie that is valid for seconds. When one can't be opened, for any reason,
 * the session is checked at Ory.
 */
export type Kind = "handoff" | "snapshot"

/** Longest sealed snapshot, in bytes. Browsers drop cookies above 4096 bytes, including name and attributes. */
const MAX_COOKIE = 3800

/** Longest handoff, in bytes. Servers and platforms refuse requests with headers above 8 kB. */
const MAX_HANDOFF = 2 * MAX_COOKIE

const HANDOFF_SECONDS = 10

/** The sealed content: the claims of a JWT. jose's JWT code is not used, because these claims need only a part of it. */
interface Claims {
  verdict: Verdict
  /** SHA-256 of the credential that Ory checked. A hash has the same length for any number of cookies. */
  sub: string
  /** Seconds since 1970. */
  exp: number
}

/**
 * Seals the gate's verdict for the page of the same request.
 *
 * @param credential What Ory checked. The handoff opens only with the same credential.
 * @returns Undefined without a `SESSION_SECRET`, or when the session is too large for a header.
 */
export async function sealHandoff(verdict: Verdict, credential: string, appUrl: string): Promise<string | undefined> {
  const value = await seal("handoff", verdict, credential, appUrl, now() + HANDOFF_SECONDS)
  return value === undefined || value.length > MAX_HANDOFF ? undefined : value
}

/**
 * Seals an active session for the browser, until `SESSION_CACHE_SECONDS` have passed or the session expires.
 *
 * @param until When it must end at the latest, in milliseconds since 1970.
 * @returns The value and its lifetime in seconds. Undefined without a `SESSION_SECRET`, with `SESSION_CACHE_SECONDS=0`, or when
 *   the session is too large for a cookie.
 */
export async function sealSnapshot(
  session: Session,
  cookie: string,
  appUrl: string,
  until = Infinity,
): Promise<{ value: string; maxAge: number } | undefined> {
  const end = Math.floor(Math.min(Date.parse(session.expires_at), until) / 1000)
  const maxAge = Math.min(env.sessionCacheSeconds, end - now())
  if (!(maxAge > 0)) return undefined
  const value = await seal("snapshot", { outcome: "active", session }, cookie, appUrl, now() + maxAge)
  return value === undefined || value.length > MAX_COOKIE ? undefined : { value, maxAge }
}

/**
 * The verdict that was sealed for these session cookies. Undefined when it has expired, is of another kind, or was sealed in
 * another environment.
 *
 * @param seconds How much longer it must be valid.
 */
export async function open(
  kind: Kind,
  value: string,
  cookie: string,
  appUrl: string,
  seconds = 0,
): Promise<Verdict | undefined> {
  const claims = await unseal(kind, value, cookie, appUrl)
  return claims && now() + seconds < claims.exp ? claims.verdict : undefined
}

/** The claims that were sealed for these session cookies, even if they have expired. */
async function unseal(kind: Kind, value: string, cookie: string, appUrl: string): Promise<Claims | undefined> {
  if (value.length > MAX_HANDOFF) return undefined
  const name = [appUrl, cookie, value].join("\n")
  const known = kind === "snapshot" ? opened.get(name) : undefined
  if (known !== undefined) return JSON.parse(known) as Claims
  for (const secret of env.sessionSecrets) {
    try {
      const { plaintext } = await compactDecrypt(value, await key(secret, kind, appUrl), {
        keyManagementAlgorithms: ["dir"],
        contentEncryptionAlgorithms: ["A256GCM"],
      })
      const text = new TextDecoder().decode(plaintext)
      const claims = JSON.parse(text) as Claims
      if (claims.sub !== (await sha256(cookie))) return undefined
      if (kind === "snapshot") remember(name, text)
      return claims
    } catch {
      // Sealed with another secret, or forged. Try the next secret.
    }
  }
  return undefined
}

/**
 * Decrypted snapshots, as text. Decryption is most of the cost of a snapshot, and the same one arrives with every request of a
 * browser. Expiry is checked each time. Safe to evict: it only costs another decryption.
 */
const opened = new Map<string, string>()
const MAX_OPENED = 1000

function remember(name: string, text: string): void {
  const [oldest] = opened.keys()
  if (opened.size >= MAX_OPENED && oldest !== undefined) opened.delete(oldest)
  opened.set(name, text)
}

async function seal(
  kind: Kind,
  verdict: Verdict,
  cookie: string,
  appUrl: string,
  expires: number,
): Promise<string | undefined> {
  const [secret] = env.sessionSecrets
  if (secret === undefined) return undefined
  const claims: Claims = { verdict, sub: await sha256(cookie), exp: expires }
  return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
    .encrypt(await key(secret, kind, appUrl))
}

const keys = new Map<string, Promise<CryptoKey>>()

/** Derives a key with HKDF (RFC 5869). Kind, Ory and app are part of it, so a value from another environment does not open. */
function key(secret: string, kind: Kind, appUrl: string): Promise<CryptoKey> {
  const info = [SESSION_VERSION, kind, env.oryUrl, appUrl].join(" ")
  const name = `${info} ${secret}`
  const known = keys.get(name)
  if (known) return known
  const made = derive(secret, info)
  keys.set(name, made)
  return made
}

async function derive(secret: string, info: string): Promise<CryptoKey> {
  const bytes = new TextEncoder()
  const material = await crypto.subtle.importKey("raw", bytes.encode(secret), "HKDF", false, ["deriveKey"])
  const algorithm = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: bytes.encode(info) }
  return crypto.subtle.deriveKey(algorithm, material, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"])
}

function now(): number {
  return Math.floor(Date.now() / 1000)
}

/** Name of the snapshot's cookie. On https, the prefix `__Host-` limits it to this host and to https. */
export function snapshotName(appUrl: string): string {
  return appUrl.startsWith("https://") ? "__Host-session_snapshot" : "session_snapshot"
}

/** The `Set-Cookie` value that stores a snapshot, or removes it (`maxAge` 0). */
export function snapshotCookie(appUrl: string, value: string, maxAge: number): string {
  const secure = appUrl.startsWith("https://") ? "; Secure" : ""
  return `${snapshotName(appUrl)}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure}`
}

/** The request header with the handoff. The gate drops the header when a client sends it. */
export const HANDOFF_HEADER = "x-session-handoff"

/** The part of a request that opens its snapshot or handoff. */
type Sealed = Pick<AppRequest, "headers" | "credential" | "appUrl">

/**
 * The session in the browser's snapshot, if it has a valid one for its session cookies.
 *
 * @param seconds How much longer it must be valid. The gate passes 1, because the page opens the snapshot a moment later.
 */
export async function openSnapshot({ headers, credential, appUrl }: Sealed, seconds = 0): Promise<Verdict | undefined> {
  const value = snapshotValue(headers, appUrl)
  return value === undefined ? undefined : open("snapshot", value, credential, appUrl, seconds)
}

function snapshotValue(headers: AppRequest["headers"], appUrl: string): string | undefined {
  const prefix = `${snapshotName(appUrl)}=`
  return headers
    .get("cookie")
    ?.split(/;\s*/)
    .find((pair) => pair.startsWith(prefix))
    ?.slice(prefix.length)
}

/** Whether the browser sends a snapshot, valid or not. */
export function hasSnapshot({ headers, appUrl }: Pick<Sealed, "headers" | "appUrl">): boolean {
  return snapshotValue(headers, appUrl) !== undefined
}

/** The gate's verdict about this request, if the request passed the gate. */
export async function openHandoff({ headers, credential, appUrl }: Sealed): Promise<Verdict | undefined> {
  const handoff = headers.get(HANDOFF_HEADER)
  return handoff === null ? undefined : open("handoff", handoff, credential, appUrl)
}

/** The Cookie header without the snapshot. */
export function withoutSnapshot(cookieHeader: string, appUrl: string): string {
  const prefix = `${snapshotName(appUrl)}=`
  return cookieHeader
    .split(/;\s*/)
    .filter((pair) => !pair.startsWith(prefix))
    .join("; ")
}
