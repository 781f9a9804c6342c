import { base64url, CompactEncrypt, compactDecrypt } from "jose"
import { env } from "@/lib/env"
import type { Session, Verdict } from "@/lib/ory"

/**
 * Seals what Ory said so that it may be read again without asking: as a `handoff` from the gate to the page of the same
 * request, or as a `snapshot` in the browser, for seconds. What does not open, for whatever reason, is as if it were not
 * there: then Ory is asked.
 */
export type Kind = "handoff" | "snapshot"

/** Part of every key: what another version sealed does not open. Change it when {@link Session} or {@link Verdict} change. */
const VERSION = "2"

/** Longest sealed snapshot, in bytes: browsers drop a cookie of more than 4096, name and attributes included. */
const MAX_COOKIE = 3800

/** Longest handoff, in bytes: servers and platforms refuse requests whose headers are too large, from 8 kB on. */
const MAX_HANDOFF = 2 * MAX_COOKIE

const HANDOFF_SECONDS = 10

/** What is sealed: a JWT's claims, read without jose's JWT code, which knows many more than these two. */
interface Claims {
  verdict: Verdict
  /** SHA-256 of the Cookie string that Ory judged: of one length, however many cookies a browser sends. */
  sub: string
  /** Seconds since 1970. */
  exp: number
}

/**
 * Seals the gate's verdict for the page of this same request.
 *
 * @param cookie Exactly the Cookie string that Ory judged: the handoff opens for no other.
 * @returns undefined without a `SESSION_SECRET`, or for a session too large for a header.
 */
export async function sealHandoff(verdict: Verdict, cookie: string, appUrl: string): Promise<string | undefined> {
  const value = await seal("handoff", verdict, cookie, appUrl, now() + HANDOFF_SECONDS)
  return value === undefined || value.length > MAX_HANDOFF ? undefined : value
}

/**
 * Seals an active session for the browser, until `SESSION_CACHE_SECONDS` have passed or the session ends.
 *
 * @returns undefined where there is to be no snapshot: no secret, no seconds, or a session too large for a cookie.
 */
export async function sealSnapshot(
  session: Session,
  cookie: string,
  appUrl: string,
): Promise<{ value: string; maxAge: number } | undefined> {
  const sessionEnd = Math.floor(Date.parse(session.expires_at) / 1000)
  const maxAge = Math.min(env.sessionCacheSeconds, sessionEnd - now())
  if (!(maxAge > 0)) return undefined
  const value = await seal("snapshot", { outcome: "active", session }, cookie, appUrl, now() + maxAge)
  return value === undefined || value.length > MAX_COOKIE ? undefined : { value, maxAge }
}

/**
 * The verdict sealed for exactly these cookies, if it is of this kind, from this environment and not yet expired.
 *
 * @param seconds For how much longer it must be good.
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

/** What was sealed for exactly these cookies, however long ago. */
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
      // Sealed with another secret, or forged.
    }
  }
  return undefined
}

/**
 * Snapshots that opened before, as text: the same bytes with the same cookies open again without the sums, most of what a snapshot
 * costs (template/bench/README.md). Whether they have expired is asked each time. To forget one, or all, costs nothing but the sums.
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

/** HKDF (RFC 5869): kind, Ory and app are part of the key, so that what one environment seals opens in no other. */
function key(secret: string, kind: Kind, appUrl: string): Promise<CryptoKey> {
  const info = [VERSION, kind, env.oryUrl, appUrl].join(" ")
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
  const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: bytes.encode(info) }
  return crypto.subtle.deriveKey(how, material, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"])
}

async function sha256(text: string): Promise<string> {
  return base64url.encode(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))))
}

function now(): number {
  return Math.floor(Date.now() / 1000)
}

/** Cookie of the snapshot: `__Host-` (this host only, https only) wherever the app is on https. */
export function snapshotName(appUrl: string): string {
  return appUrl.startsWith("https://") ? "__Host-session_snapshot" : "session_snapshot"
}

/** The Set-Cookie value that gives the browser a snapshot, or takes it away (`maxAge` 0). */
export function snapshotCookie(appUrl: string, value: string, maxAge: number): string {
  const secure = appUrl.startsWith("https://") ? "; Secure" : ""
  return `${snapshotName(appUrl)}=${value}; Path=/; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure}`
}

/** The handoff travels in this request header; what a client sends under the name is dropped at the gate. */
export const HANDOFF_HEADER = "x-session-handoff"

/**
 * The session that the browser's snapshot holds for these Ory cookies, if it has one. No call to anyone.
 *
 * @param seconds For how much longer it must be good: what the gate lets in by, the page opens again a moment later.
 */
export async function openSnapshot(
  cookieHeader: string | null,
  cookie: string,
  appUrl: string,
  seconds = 0,
): Promise<Verdict | undefined> {
  const prefix = `${snapshotName(appUrl)}=`
  const pair = cookieHeader?.split(/;\s*/).find((pair) => pair.startsWith(prefix))
  return pair === undefined ? undefined : open("snapshot", pair.slice(prefix.length), cookie, appUrl, seconds)
}

/** The Cookie header without the snapshot. */
export function withoutSnapshot(cookieHeader: string, appUrl: string): string {
  const prefix = `${snapshotName(appUrl)}=`
  return cookieHeader
    .split(/;\s*/)
    .filter((pair) => !pair.startsWith(prefix))
    .join("; ")
}
