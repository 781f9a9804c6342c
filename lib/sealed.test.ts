import { randomBytes } from "node:crypto"
import { base64url, EncryptJWT, UnsecuredJWT } from "jose"
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest"
import type { Session, Verdict } from "@/lib/ory"
import type { Kind } from "@/lib/sealed"
import { session as makeSession } from "@/lib/testing"

const APP = "http://localhost:3000"
const COOKIE = "ory_kratos_session=one"
const OLD = randomBytes(32).toString("base64")
const NEW = randomBytes(32).toString("base64")
const NOW = Date.parse("2030-01-01T12:00:00.000Z")

const session = makeSession({ authenticated_at: "2030-01-01T11:00:00Z", expires_at: "2030-01-02T11:00:00Z" })
const active: Verdict = { outcome: "active", session }

interface Settings {
  secret?: string
  seconds?: string
  ory?: string
}

/** Imports a new copy of the module, because it reads the environment on first import. */
async function importSealed({ secret = NEW, seconds = "30", ory = "http://localhost:4000" }: Settings = {}): Promise<
  typeof import("@/lib/sealed")
> {
  vi.resetModules()
  vi.stubEnv("SESSION_SECRET", secret)
  vi.stubEnv("SESSION_CACHE_SECONDS", seconds)
  vi.stubEnv("ORY_SDK_URL", ory)
  return import("@/lib/sealed")
}

/** A handoff or a snapshot, sealed for `COOKIE` and `APP`. */
async function sealValue(kind: Kind, settings?: Settings): Promise<string> {
  const { sealHandoff, sealSnapshot } = await importSealed(settings)
  const value =
    kind === "handoff" ? await sealHandoff(active, COOKIE, APP) : (await sealSnapshot(session, COOKIE, APP))?.value
  if (value === undefined) throw new Error(`sealing the ${kind} returned undefined`)
  return value
}

/** A request with this `Cookie` header, also one that the `Headers` class rejects. */
function request(
  cookie: string | null,
  appUrl = APP,
): Parameters<Awaited<ReturnType<typeof importSealed>>["openSnapshot"]>[0] {
  return { headers: { get: () => cookie, has: () => cookie !== null }, credential: COOKIE, appUrl }
}

const KINDS: readonly Kind[] = ["handoff", "snapshot"]

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW })
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
  vi.resetModules()
})

describe.each(KINDS)("a %s", (kind) => {
  const other: Kind = kind === "handoff" ? "snapshot" : "handoff"

  test("opens to exactly the sealed value, repeatedly", async () => {
    const value = await sealValue(kind)
    const { open } = await importSealed()
    expect(await open(kind, value, COOKIE, APP)).toEqual(active)
    expect(await open(kind, value, COOKIE, APP)).toEqual(active)
  })

  test("contains only characters allowed in headers and cookies, and no readable content", async () => {
    const value = await sealValue(kind)
    expect(value).toMatch(/^[\w.-]+$/)
    const clear = value
      .split(".")
      .map((part) => Buffer.from(part, "base64url").toString("latin1"))
      .join()
    for (const hidden of [session.id, session.identity.id, "example.com", "aal1", COOKIE])
      expect(clear).not.toContain(hidden)
  })

  test("is different each time it is sealed", async () => {
    expect(await sealValue(kind)).not.toBe(await sealValue(kind))
  })

  test.each([
    ["another user's Ory cookie", "ory_kratos_session=two", APP],
    ["no Ory cookie", "", APP],
    ["an additional Ory cookie", `${COOKIE}; ory_kratos_session=two`, APP],
    ["a truncated Ory cookie", COOKIE.slice(0, -1), APP],
    ["the Ory cookie in upper case", COOKIE.toUpperCase(), APP],
    ["another APP_URL", COOKIE, "http://localhost:3001"],
    ["APP_URL on https", COOKIE, "https://localhost:3000"],
  ])("does not open with %s", async (_who, cookie, app) => {
    const value = await sealValue(kind)
    const { open } = await importSealed()
    expect(await open(kind, value, cookie, app)).toBeUndefined()
    expect(await open(kind, value, COOKIE, APP)).toEqual(active)
  })

  test("has the same length with 8 kB of Ory cookies, and opens only with exactly those", async () => {
    const { open, sealHandoff, sealSnapshot } = await importSealed()
    const long = `${COOKIE}; ${Array.from({ length: 80 }, (_, index) => `ory_session_made_up_${index}=${"x".repeat(80)}`).join("; ")}`
    expect(long.length).toBeGreaterThan(8000)
    const value =
      (kind === "handoff" ? await sealHandoff(active, long, APP) : (await sealSnapshot(session, long, APP))?.value) ??
      ""
    expect(value).toHaveLength((await sealValue(kind)).length)
    expect(await open(kind, value, long, APP)).toEqual(active)
    expect(await open(kind, value, long.slice(0, -1), APP)).toBeUndefined()
    expect(await open(kind, value, COOKIE, APP)).toBeUndefined()
  })

  test("does not open with another ORY_SDK_URL", async () => {
    const value = await sealValue(kind)
    expect(await (await importSealed({ ory: "http://localhost:4001" })).open(kind, value, COOKIE, APP)).toBeUndefined()
  })

  test(`does not open as a ${other}`, async () => {
    const value = await sealValue(kind)
    const { open } = await importSealed()
    expect(await open(other, value, COOKIE, APP)).toBeUndefined()
  })

  test("opens with every secret in the list, and with no other secret", async () => {
    const value = await sealValue(kind, { secret: OLD })
    expect(await (await importSealed({ secret: `${NEW},${OLD}` })).open(kind, value, COOKIE, APP)).toEqual(active)
    expect(await (await importSealed({ secret: `${OLD},${NEW}` })).open(kind, value, COOKIE, APP)).toEqual(active)
    expect(await (await importSealed({ secret: NEW })).open(kind, value, COOKIE, APP)).toBeUndefined()
    expect(await (await importSealed({ secret: "" })).open(kind, value, COOKIE, APP)).toBeUndefined()
  })

  test("is sealed with the first secret in the list", async () => {
    const value = await sealValue(kind, { secret: `${NEW},${OLD}` })
    expect(await (await importSealed({ secret: NEW })).open(kind, value, COOKIE, APP)).toEqual(active)
    expect(await (await importSealed({ secret: OLD })).open(kind, value, COOKIE, APP)).toBeUndefined()
  })

  test("does not open when any single character is changed", async () => {
    const value = await sealValue(kind)
    const { open } = await importSealed()
    const opened: number[] = []
    for (let index = 0; index < value.length; index++) {
      const changed = value.slice(0, index) + flipHighestBit(value.charAt(index)) + value.slice(index + 1)
      if ((await open(kind, changed, COOKIE, APP)) !== undefined) opened.push(index)
    }
    expect(value.length).toBeGreaterThan(500)
    expect(opened).toEqual([])
  })

  test("does not open when truncated or extended", async () => {
    const value = await sealValue(kind)
    const { open } = await importSealed()
    const opened: string[] = []
    for (let length = 0; length < value.length; length++) {
      for (const changed of [value.slice(0, length), value.slice(value.length - length)])
        if ((await open(kind, changed, COOKIE, APP)) !== undefined) opened.push(changed)
    }
    for (const more of ["A", ".", ".A", "=", "\0", value, `.${value}`])
      for (const changed of [value + more, more + value])
        if ((await open(kind, changed, COOKIE, APP)) !== undefined) opened.push(changed)
    expect(opened).toEqual([])
  })

  test("does not open with a part removed, repeated or replaced", async () => {
    const value = await sealValue(kind)
    const another = (await sealValue(kind)).split(".")
    const { open } = await importSealed()
    const parts = value.split(".")
    expect(parts).toHaveLength(5)
    const changed = parts.flatMap((part, index) => [
      parts.toSpliced(index, 1),
      parts.toSpliced(index, 0, part),
      // The header and the key part are the same in every value.
      ...(index < 2 ? [] : [parts.toSpliced(index, 1, ""), parts.toSpliced(index, 1, another[index] ?? "")]),
    ])
    const opened = []
    for (const list of changed) if ((await open(kind, list.join("."), COOKIE, APP)) !== undefined) opened.push(list)
    expect(changed.length).toBe(16)
    expect(opened).toEqual([])
  })

  test.each([
    { alg: "none", enc: "A256GCM" },
    { alg: "dir", enc: "none" },
    { alg: "dir", enc: "A128GCM" },
    { alg: "dir", enc: "A256CBC-HS512" },
    { alg: "A256KW", enc: "A256GCM" },
    { alg: "A256GCMKW", enc: "A256GCM" },
    { alg: "PBES2-HS256+A128KW", enc: "A256GCM", p2c: 1_000_000_000, p2s: "AAAAAAAAAAAAAAAAAAAAAA" },
    { alg: "ECDH-ES", enc: "A256GCM", epk: { kty: "OKP", crv: "X25519", x: "A".repeat(43) } },
    { alg: "RSA-OAEP", enc: "A256GCM" },
    { alg: "dir", enc: "A256GCM", zip: "DEF" },
    { alg: "dir", enc: "A256GCM", crit: ["exp"] },
    { alg: "dir", enc: "A256GCM", kid: "other" },
    { enc: "A256GCM", alg: "dir" },
    { alg: "dir" },
    { enc: "A256GCM" },
    {},
    [],
    null,
    "dir",
  ])("does not open with the header %j", async (header) => {
    const [, ...rest] = (await sealValue(kind)).split(".")
    const { open } = await importSealed()
    const changed = [base64url.encode(JSON.stringify(header)), ...rest].join(".")
    expect(await open(kind, changed, COOKIE, APP)).toBeUndefined()
  })

  test.each([
    ["empty", ""],
    ["a word", "none"],
    ["dots", "...."],
    ["many dots", ".".repeat(5000)],
    ["4 kB of letters", "A".repeat(4096)],
    ["4 kB in five parts", Array<string>(5).fill("A".repeat(819)).join(".")],
    ["1 MB", "A".repeat(1_000_000)],
    ["characters that are not base64", "é.\0.\n.%00.\ud800"],
    ["JSON", JSON.stringify(active)],
    ["an unsecured JWT", new UnsecuredJWT({ verdict: active }).setSubject("x").setExpirationTime("1 year").encode()],
    ["the name of an inherited property", "__proto__"],
  ])("does not open when the value is %s", async (_what, value) => {
    const { open } = await importSealed()
    expect(await open(kind, value, COOKIE, APP)).toBeUndefined()
  })

  test("does not open when it was sealed with a guessable key", async () => {
    const sha256 = base64url.encode(
      new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(COOKIE))),
    )
    const forged = await new EncryptJWT({ verdict: active })
      .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
      .setSubject(sha256)
      .setExpirationTime("10 s")
      .encrypt(new Uint8Array(32))
    const { open } = await importSealed()
    expect(await open(kind, forged, COOKIE, APP)).toBeUndefined()
  })
})

/** Flips the character's highest bit, so that the decoded bytes always change. */
function flipHighestBit(letter: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
  const index = alphabet.indexOf(letter)
  return index === -1 ? "A" : alphabet.charAt(index ^ 32)
}

describe("lifetime", () => {
  test.each([
    [0, true],
    [9, true],
    [10, false],
    [3600, false],
  ])("after %d seconds, a handoff opens: %s", async (seconds, opens) => {
    const value = await sealValue("handoff")
    const { open } = await importSealed()
    vi.setSystemTime(NOW + seconds * 1000)
    expect((await open("handoff", value, COOKIE, APP)) !== undefined).toBe(opens)
  })

  test.each([
    ["1", 0, true],
    ["1", 1, false],
    ["30", 29, true],
    ["30", 30, false],
    ["300", 299, true],
    ["300", 300, false],
  ])("with SESSION_CACHE_SECONDS=%s, a snapshot after %d seconds opens: %s", async (cache, seconds, opens) => {
    const value = await sealValue("snapshot", { seconds: cache })
    const { open } = await importSealed()
    vi.setSystemTime(NOW + seconds * 1000)
    expect((await open("snapshot", value, COOKIE, APP)) !== undefined).toBe(opens)
  })

  test("a snapshot that the gate accepts still opens for the page a second later", async () => {
    const value = await sealValue("snapshot")
    const { open } = await importSealed()
    const opens = async (atSecond: number, forSeconds: number): Promise<boolean> => {
      vi.setSystemTime(NOW + atSecond * 1000)
      return (await open("snapshot", value, COOKIE, APP, forSeconds)) !== undefined
    }
    expect([await opens(28, 1), await opens(29, 1), await opens(29, 0), await opens(30, 0)]).toEqual([
      true,
      false,
      true,
      false,
    ])
  })

  test.each([
    ["30", 3600, 30],
    ["300", 3600, 300],
    ["30", 31, 30],
    ["30", 30, 30],
    ["30", 12, 12],
    ["300", 1, 1],
  ])(
    "with SESSION_CACHE_SECONDS=%s and a session that expires in %d s, a snapshot expires after %d s",
    async (cache, end, maxAge) => {
      const { sealSnapshot, open } = await importSealed({ seconds: cache })
      const snapshot = await sealSnapshot(expiringIn(end * 1000), COOKIE, APP)
      expect(snapshot?.maxAge).toBe(maxAge)
      vi.setSystemTime(NOW + maxAge * 1000)
      expect(await open("snapshot", snapshot?.value ?? "", COOKIE, APP)).toBeUndefined()
    },
  )

  test.each([
    ["has expired", new Date(NOW - 1000).toISOString()],
    ["expires now", new Date(NOW).toISOString()],
    ["expires within a second", new Date(NOW + 999).toISOString()],
    ["has an invalid expiry", "soon"],
    ["has an empty expiry", ""],
  ])("no snapshot is sealed for a session that %s", async (_when, expires_at) => {
    const { sealSnapshot } = await importSealed()
    expect(await sealSnapshot({ ...session, expires_at }, COOKIE, APP)).toBeUndefined()
  })

  test.each([
    [10, 10],
    [60, 30],
    [Infinity, 30],
    [0, undefined],
    [-60, undefined],
  ])("a snapshot that must end in %d s expires after %s s", async (end, maxAge) => {
    const { sealSnapshot } = await importSealed()
    expect((await sealSnapshot(session, COOKIE, APP, NOW + end * 1000))?.maxAge).toBe(maxAge)
  })

  test("with SESSION_CACHE_SECONDS=0, handoffs are sealed but snapshots are not", async () => {
    const { sealSnapshot, sealHandoff, open } = await importSealed({ seconds: "0" })
    expect(await sealSnapshot(session, COOKIE, APP)).toBeUndefined()
    const handoff = await sealHandoff(active, COOKIE, APP)
    expect(await open("handoff", handoff ?? "", COOKIE, APP)).toEqual(active)
  })
})

function expiringIn(milliseconds: number): Session {
  return { ...session, expires_at: new Date(NOW + milliseconds).toISOString() }
}

test("without a secret, neither handoffs nor snapshots are sealed", async () => {
  const { sealSnapshot, sealHandoff } = await importSealed({ secret: "" })
  expect(await sealHandoff(active, COOKIE, APP)).toBeUndefined()
  expect(await sealSnapshot(session, COOKIE, APP)).toBeUndefined()
})

test.each<Verdict>([{ outcome: "anonymous" }, { outcome: "aal2_required" }, { outcome: "unavailable" }])(
  "a handoff carries the outcome $outcome",
  async (verdict) => {
    const { sealHandoff, open } = await importSealed()
    expect(await open("handoff", (await sealHandoff(verdict, COOKIE, APP)) ?? "", COOKIE, APP)).toEqual(verdict)
  },
)

describe("a snapshot that was already opened", () => {
  test("does not open with other cookies, for another origin, as a handoff, or when changed", async () => {
    const value = await sealValue("snapshot")
    const { open } = await importSealed()
    expect(await open("snapshot", value, COOKIE, APP)).toEqual(active)
    expect(await open("snapshot", value, "ory_kratos_session=two", APP)).toBeUndefined()
    expect(await open("snapshot", value, "", APP)).toBeUndefined()
    expect(await open("snapshot", value, COOKIE, "http://localhost:3001")).toBeUndefined()
    expect(await open("snapshot", `${value}A`, COOKIE, APP)).toBeUndefined()
    expect(await open("handoff", value, COOKIE, APP)).toBeUndefined()
  })

  test("still expires", async () => {
    const value = await sealValue("snapshot")
    const { open } = await importSealed()
    expect(await open("snapshot", value, COOKIE, APP)).toEqual(active)
    vi.setSystemTime(NOW + 30_000)
    expect(await open("snapshot", value, COOKIE, APP)).toBeUndefined()
  })

  test("is copied on each call, so that changes to one result don't affect the next", async () => {
    const value = await sealValue("snapshot")
    const { open } = await importSealed()
    const first = await open("snapshot", value, COOKIE, APP)
    if (first?.outcome === "active") first.session.identity.traits.email = "changed@example.com"
    expect(await open("snapshot", value, COOKIE, APP)).toEqual(active)
    expect(await open("snapshot", value, COOKIE, APP)).toEqual(active)
  })

  test("still opens after more than a thousand other snapshots", async () => {
    const { open, sealSnapshot } = await importSealed()
    const values: string[] = []
    for (let index = 0; index < 1100; index++) values.push((await sealSnapshot(session, COOKIE, APP))?.value ?? "")
    for (const value of [...values, ...values]) expect(await open("snapshot", value, COOKIE, APP)).toEqual(active)
  })
})

describe("size", () => {
  const large = (bytes: number): Session => ({
    ...session,
    identity: { ...session.identity, traits: { name: { first: "x".repeat(bytes) } } },
  })

  test("no snapshot is sealed if its cookie, including name and attributes, would exceed 4096 bytes", async () => {
    const { sealSnapshot, open, snapshotCookie } = await importSealed({ seconds: "300" })
    const app = "https://app.example.com"
    let longest = 0
    let withoutSnapshot = 0
    for (let bytes = 2000; bytes < 3000; bytes += 10) {
      const snapshot = await sealSnapshot(large(bytes), COOKIE, app)
      if (snapshot === undefined) {
        withoutSnapshot++
        continue
      }
      expect(withoutSnapshot, "a larger session has a snapshot although a smaller one has none").toBe(0)
      longest = Math.max(longest, snapshotCookie(app, snapshot.value, snapshot.maxAge).length)
      expect(await open("snapshot", snapshot.value, COOKIE, app)).toEqual({ outcome: "active", session: large(bytes) })
    }
    expect(longest).toBeGreaterThan(3800)
    expect(longest).toBeLessThanOrEqual(4096)
    expect(withoutSnapshot).toBeGreaterThan(0)
  })

  test("a session too large for a cookie still gets a handoff", async () => {
    const { sealSnapshot, sealHandoff, open } = await importSealed()
    const verdict: Verdict = { outcome: "active", session: large(4000) }
    expect(await sealSnapshot(large(4000), COOKIE, APP)).toBeUndefined()
    expect(await open("handoff", (await sealHandoff(verdict, COOKIE, APP)) ?? "", COOKIE, APP)).toEqual(verdict)
  })

  test("a session too large for a header gets neither", async () => {
    const { sealSnapshot, sealHandoff } = await importSealed()
    expect(await sealSnapshot(large(10_000), COOKIE, APP)).toBeUndefined()
    expect(await sealHandoff({ outcome: "active", session: large(10_000) }, COOKIE, APP)).toBeUndefined()
  })
})

describe("the snapshot cookie", () => {
  test("has no prefix on http", async () => {
    const { snapshotCookie, snapshotName } = await importSealed()
    expect(snapshotName("http://localhost:3000")).toBe("session_snapshot")
    expect(snapshotCookie("http://localhost:3000", "abc", 30)).toBe(
      "session_snapshot=abc; Path=/; Max-Age=30; HttpOnly; SameSite=Lax",
    )
  })

  test("has the __Host- prefix and Secure on https", async () => {
    const { snapshotCookie, snapshotName } = await importSealed()
    expect(snapshotName("https://app.example.com")).toBe("__Host-session_snapshot")
    expect(snapshotCookie("https://app.example.com", "abc", 30)).toBe(
      "__Host-session_snapshot=abc; Path=/; Max-Age=30; HttpOnly; SameSite=Lax; Secure",
    )
  })

  test.each(["http://localhost:3000", "https://app.example.com"])(
    "is deleted at %s with the attributes it was set with",
    async (app) => {
      const { snapshotCookie } = await importSealed()
      expect(snapshotCookie(app, "", 0)).toBe(
        snapshotCookie(app, "abc", 30).replace("abc", "").replace("Max-Age=30", "Max-Age=0"),
      )
    },
  )

  test.each([
    ["alone", (pair: string) => pair],
    ["first", (pair: string) => `${pair}; theme=dark`],
    ["last", (pair: string) => `theme=dark; ${COOKIE}; ${pair}`],
    ["without spaces", (pair: string) => `theme=dark;${pair};a=b`],
    ["among malformed cookies", (pair: string) => `; ;=;é=\u0000; x${pair}x; ${pair}`],
  ])("is found %s", async (_where, header) => {
    const value = await sealValue("snapshot")
    const { openSnapshot } = await importSealed()
    expect(await openSnapshot(request(header(`session_snapshot=${value}`)))).toEqual(active)
  })

  test.each([
    ["is missing", () => null],
    ["is in an empty header", () => ""],
    ["has no value", () => "session_snapshot"],
    ["is empty", () => "session_snapshot="],
    ["has another name", (value: string) => `xsession_snapshot=${value}`],
    ["has a longer name", (value: string) => `session_snapshot2=${value}`],
    ["has a name in another case", (value: string) => `Session_Snapshot=${value}`],
    ["has the name for https", (value: string) => `__Host-session_snapshot=${value}`],
    ["is quoted", (value: string) => `session_snapshot="${value}"`],
    ["is in the value of another cookie", (value: string) => `other=session_snapshot=${value}`],
  ])("does not open when it %s", async (_how, header) => {
    const value = await sealValue("snapshot")
    const { openSnapshot } = await importSealed()
    expect(await openSnapshot(request(header(value)))).toBeUndefined()
  })

  test("does not open under the http name on https, because other subdomains can set that name", async () => {
    const app = "https://app.example.com"
    const { openSnapshot, sealSnapshot } = await importSealed()
    const { value = "" } = (await sealSnapshot(session, COOKIE, app)) ?? {}
    expect(await openSnapshot(request(`__Host-session_snapshot=${value}`, app))).toEqual(active)
    expect(await openSnapshot(request(`session_snapshot=${value}`, app))).toBeUndefined()
  })

  test.each([
    ["", ""],
    ["a=b", "a=b"],
    ["session_snapshot=x", ""],
    ["a=b; session_snapshot=x; c=d", "a=b; c=d"],
    ["session_snapshot=x; a=b; session_snapshot=y", "a=b"],
    ["session_snapshot=x;a=b", "a=b"],
    ["xsession_snapshot=x; session_snapshot2=y", "xsession_snapshot=x; session_snapshot2=y"],
    ["a=session_snapshot=x", "a=session_snapshot=x"],
  ])("is removed from %j, which leaves %j", async (header, rest) => {
    const { withoutSnapshot } = await importSealed()
    expect(withoutSnapshot(header, APP)).toBe(rest)
  })
})
