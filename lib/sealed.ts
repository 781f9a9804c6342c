import { base64url, EncryptJWT, jwtDecrypt } from "jose"
import { env } from "@/lib/env"
import type { Session, Verdict } from "@/lib/ory"

/**
 * Seals what Ory said so that it may be read again without asking: as a `handoff` from the gate to the page of the same
 * request, or as a `snapshot` in the browser, for seconds. What does not open, for whatever reason, is as if it were not
 * there: then Ory is asked.
 */
export type Kind = "handoff" | "snapshot"

/** Part of every key: what another version sealed does not open. Change it when {@link Session} or {@link Verdict} change. */
const VERSION = "1"

/** Longest sealed snapshot, in bytes: browsers drop a cookie of more than 4096, name and attributes included. */
const MAX_COOKIE = 3800

/** Longest handoff, in bytes: servers and platforms refuse requests whose headers are too large, from 8 kB on. */
const MAX_HANDOFF = 2 * MAX_COOKIE

const HANDOFF_SECONDS = 10

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

/** The verdict sealed for exactly these cookies, if it is of this kind, from this environment and not yet expired. */
export async function open(kind: Kind, value: string, cookie: string, appUrl: string): Promise<Verdict | undefined> {
  if (value.length > MAX_HANDOFF) return undefined
  for (const secret of env.sessionSecrets) {
    try {
      const { payload } = await jwtDecrypt<{ verdict: Verdict }>(value, await key(secret, kind, appUrl), {
        keyManagementAlgorithms: ["dir"],
        contentEncryptionAlgorithms: ["A256GCM"],
        requiredClaims: ["exp"],
        subject: await digest(cookie),
      })
      return payload.verdict
    } catch {
      // Sealed with another secret, for someone else, forged, or expired.
    }
  }
  return undefined
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
  return new EncryptJWT({ verdict })
    .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
    .setSubject(await digest(cookie))
    .setExpirationTime(expires)
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

async function digest(cookie: string): Promise<string> {
  return base64url.encode(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(cookie))))
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

/** The session that the browser's snapshot holds for these Ory cookies, if it has one. No call to anyone. */
export async function openSnapshot(cookieHeader: string | null, cookie: string, appUrl: string): Promise<Verdict | undefined> {
  const prefix = `${snapshotName(appUrl)}=`
  const pair = cookieHeader?.split(/;\s*/).find((pair) => pair.startsWith(prefix))
  return pair === undefined ? undefined : open("snapshot", pair.slice(prefix.length), cookie, appUrl)
}

/** The Cookie header without the snapshot. */
export function withoutSnapshot(cookieHeader: string, appUrl: string): string {
  const prefix = `${snapshotName(appUrl)}=`
  return cookieHeader.split(/;\s*/).filter((pair) => !pair.startsWith(prefix)).join("; ")
}
