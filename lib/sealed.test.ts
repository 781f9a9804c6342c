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

/** The module as it is with these variables, which are read when it is first imported. */
async function sealed({ secret = NEW, seconds = "30", ory = "http://localhost:4000" }: Settings = {}): Promise<
  typeof import("@/lib/sealed")
> {
  vi.resetModules()
  vi.stubEnv("SESSION_SECRET", secret)
  vi.stubEnv("SESSION_CACHE_SECONDS", seconds)
  vi.stubEnv("ORY_SDK_URL", ory)
  return import("@/lib/sealed")
}

/** One of each kind, sealed for `COOKIE` and `APP`. */
async function make(kind: Kind, settings?: Settings): Promise<string> {
  const { sealHandoff, sealSnapshot } = await sealed(settings)
  const value =
    kind === "handoff" ? await sealHandoff(active, COOKIE, APP) : (await sealSnapshot(session, COOKIE, APP))?.value
  if (value === undefined) throw new Error(`No ${kind} was made`)
  return value
}

/** A request with this `Cookie` header, which `Headers` may refuse to hold. */
function request(
  cookie: string | null,
  appUrl = APP,
): Parameters<Awaited<ReturnType<typeof sealed>>["openSnapshot"]>[0] {
  return { headers: { get: () => cookie, has: () => cookie !== null }, sessionCookies: COOKIE, appUrl }
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

  test("opens to exactly what was sealed, as often as it is asked", async () => {
    const value = await make(kind)
    const { open } = await sealed()
    expect(await open(kind, value, COOKIE, APP)).toEqual(active)
    expect(await open(kind, value, COOKIE, APP)).toEqual(active)
  })

  test("may travel in a header and a cookie, and shows nothing of what it holds", async () => {
    const value = await make(kind)
    expect(value).toMatch(/^[\w.-]+$/)
    const clear = value
      .split(".")
      .map((part) => Buffer.from(part, "base64url").toString("latin1"))
      .join()
    for (const hidden of [session.id, session.identity.id, "example.com", "aal1", COOKIE])
      expect(clear).not.toContain(hidden)
  })

  test("is different each time it is sealed", async () => {
    expect(await make(kind)).not.toBe(await make(kind))
  })

  test.each([
    ["another person's Ory cookie", "ory_kratos_session=two", APP],
    ["no Ory cookie", "", APP],
    ["one more Ory cookie", `${COOKIE}; ory_kratos_session=two`, APP],
    ["the Ory cookie cut short", COOKIE.slice(0, -1), APP],
    ["the Ory cookie in other letters", COOKIE.toUpperCase(), APP],
    ["another APP_URL", COOKIE, "http://localhost:3001"],
    ["APP_URL on https", COOKIE, "https://localhost:3000"],
  ])("does not open for %s", async (_who, cookie, app) => {
    const value = await make(kind)
    const { open } = await sealed()
    expect(await open(kind, value, cookie, app)).toBeUndefined()
    expect(await open(kind, value, COOKIE, APP)).toEqual(active)
  })

  test("is as long for 8 kB of Ory cookies as for a short one, and opens for exactly those", async () => {
    const { open, sealHandoff, sealSnapshot } = await sealed()
    const long = `${COOKIE}; ${Array.from({ length: 80 }, (_, index) => `ory_session_made_up_${index}=${"x".repeat(80)}`).join("; ")}`
    expect(long.length).toBeGreaterThan(8000)
    const value =
      (kind === "handoff" ? await sealHandoff(active, long, APP) : (await sealSnapshot(session, long, APP))?.value) ??
      ""
    expect(value).toHaveLength((await make(kind)).length)
    expect(await open(kind, value, long, APP)).toEqual(active)
    expect(await open(kind, value, long.slice(0, -1), APP)).toBeUndefined()
    expect(await open(kind, value, COOKIE, APP)).toBeUndefined()
  })

  test("does not open beside another Ory", async () => {
    const value = await make(kind)
    expect(await (await sealed({ ory: "http://localhost:4001" })).open(kind, value, COOKIE, APP)).toBeUndefined()
  })

  test(`is no ${other}`, async () => {
    const value = await make(kind)
    const { open } = await sealed()
    expect(await open(other, value, COOKIE, APP)).toBeUndefined()
  })

  test("opens with every secret in the list, and with no other", async () => {
    const value = await make(kind, { secret: OLD })
    expect(await (await sealed({ secret: `${NEW},${OLD}` })).open(kind, value, COOKIE, APP)).toEqual(active)
    expect(await (await sealed({ secret: `${OLD},${NEW}` })).open(kind, value, COOKIE, APP)).toEqual(active)
    expect(await (await sealed({ secret: NEW })).open(kind, value, COOKIE, APP)).toBeUndefined()
    expect(await (await sealed({ secret: "" })).open(kind, value, COOKIE, APP)).toBeUndefined()
  })

  test("is sealed with the first secret in the list", async () => {
    const value = await make(kind, { secret: `${NEW},${OLD}` })
    expect(await (await sealed({ secret: NEW })).open(kind, value, COOKIE, APP)).toEqual(active)
    expect(await (await sealed({ secret: OLD })).open(kind, value, COOKIE, APP)).toBeUndefined()
  })

  test("does not open with a single character changed, anywhere", async () => {
    const value = await make(kind)
    const { open } = await sealed()
    const opened: number[] = []
    for (let index = 0; index < value.length; index++) {
      const bent = value.slice(0, index) + flipped(value.charAt(index)) + value.slice(index + 1)
      if ((await open(kind, bent, COOKIE, APP)) !== undefined) opened.push(index)
    }
    expect(value.length).toBeGreaterThan(500)
    expect(opened).toEqual([])
  })

  test("does not open cut short or made longer, at any length", async () => {
    const value = await make(kind)
    const { open } = await sealed()
    const opened: string[] = []
    for (let length = 0; length < value.length; length++) {
      for (const bent of [value.slice(0, length), value.slice(value.length - length)])
        if ((await open(kind, bent, COOKIE, APP)) !== undefined) opened.push(bent)
    }
    for (const more of ["A", ".", ".A", "=", "\0", value, `.${value}`])
      for (const bent of [value + more, more + value])
        if ((await open(kind, bent, COOKIE, APP)) !== undefined) opened.push(bent)
    expect(opened).toEqual([])
  })

  test("does not open with a part taken out, repeated, or moved", async () => {
    const value = await make(kind)
    const another = (await make(kind)).split(".")
    const { open } = await sealed()
    const parts = value.split(".")
    expect(parts).toHaveLength(5)
    const bent = parts.flatMap((part, index) => [
      parts.toSpliced(index, 1),
      parts.toSpliced(index, 0, part),
      // Header and key are the same in all of them
      ...(index < 2 ? [] : [parts.toSpliced(index, 1, ""), parts.toSpliced(index, 1, another[index] ?? "")]),
    ])
    const opened = []
    for (const list of bent) if ((await open(kind, list.join("."), COOKIE, APP)) !== undefined) opened.push(list)
    expect(bent.length).toBe(16)
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
    const [, ...rest] = (await make(kind)).split(".")
    const { open } = await sealed()
    const bent = [base64url.encode(JSON.stringify(header)), ...rest].join(".")
    expect(await open(kind, bent, COOKIE, APP)).toBeUndefined()
  })

  test.each([
    ["nothing", ""],
    ["a word", "none"],
    ["dots", "...."],
    ["many dots", ".".repeat(5000)],
    ["4 kB of letters", "A".repeat(4096)],
    ["4 kB in five parts", Array<string>(5).fill("A".repeat(819)).join(".")],
    ["1 MB", "A".repeat(1_000_000)],
    ["what no base64 is", "é.\0.\n.%00.\ud800"],
    ["JSON", JSON.stringify(active)],
    ["an unsecured JWT", new UnsecuredJWT({ verdict: active }).setSubject("x").setExpirationTime("1 year").encode()],
    ["the name of another object's property", "__proto__"],
  ])("is not %s", async (_what, value) => {
    const { open } = await sealed()
    expect(await open(kind, value, COOKIE, APP)).toBeUndefined()
  })

  test("that anybody could have made is none", async () => {
    const sha256 = base64url.encode(
      new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(COOKIE))),
    )
    const forged = await new EncryptJWT({ verdict: active })
      .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
      .setSubject(sha256)
      .setExpirationTime("10 s")
      .encrypt(new Uint8Array(32))
    const { open } = await sealed()
    expect(await open(kind, forged, COOKIE, APP)).toBeUndefined()
  })
})

/** Another base64url character, whose most significant bit differs: the decoded bytes always do. */
function flipped(letter: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
  const index = alphabet.indexOf(letter)
  return index === -1 ? "A" : alphabet.charAt(index ^ 32)
}

describe("how long", () => {
  test.each([
    [0, true],
    [9, true],
    [10, false],
    [3600, false],
  ])("a handoff after %d seconds: opens %s", async (seconds, opens) => {
    const value = await make("handoff")
    const { open } = await sealed()
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
  ])("a snapshot for %s seconds, after %d: opens %s", async (cache, seconds, opens) => {
    const value = await make("snapshot", { seconds: cache })
    const { open } = await sealed()
    vi.setSystemTime(NOW + seconds * 1000)
    expect((await open("snapshot", value, COOKIE, APP)) !== undefined).toBe(opens)
  })

  test("what the gate lets in by, the page can open a second later", async () => {
    const value = await make("snapshot")
    const { open } = await sealed()
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
  ])("SESSION_CACHE_SECONDS=%s, the session ends in %d s: the snapshot lives %d s", async (cache, end, maxAge) => {
    const { sealSnapshot, open } = await sealed({ seconds: cache })
    const snapshot = await sealSnapshot(endingIn(end * 1000), COOKIE, APP)
    expect(snapshot?.maxAge).toBe(maxAge)
    vi.setSystemTime(NOW + maxAge * 1000)
    expect(await open("snapshot", snapshot?.value ?? "", COOKIE, APP)).toBeUndefined()
  })

  test.each([
    ["has ended", new Date(NOW - 1000).toISOString()],
    ["ends now", new Date(NOW).toISOString()],
    ["ends within the second", new Date(NOW + 999).toISOString()],
    ["ends at no known time", "soon"],
    ["ends at an empty time", ""],
  ])("a session that %s gets no snapshot", async (_when, expires_at) => {
    const { sealSnapshot } = await sealed()
    expect(await sealSnapshot({ ...session, expires_at }, COOKIE, APP)).toBeUndefined()
  })

  test("with 0 seconds there is no snapshot, but a handoff", async () => {
    const { sealSnapshot, sealHandoff, open } = await sealed({ seconds: "0" })
    expect(await sealSnapshot(session, COOKIE, APP)).toBeUndefined()
    const handoff = await sealHandoff(active, COOKIE, APP)
    expect(await open("handoff", handoff ?? "", COOKIE, APP)).toEqual(active)
  })
})

function endingIn(milliseconds: number): Session {
  return { ...session, expires_at: new Date(NOW + milliseconds).toISOString() }
}

test("without a secret there is neither", async () => {
  const { sealSnapshot, sealHandoff } = await sealed({ secret: "" })
  expect(await sealHandoff(active, COOKIE, APP)).toBeUndefined()
  expect(await sealSnapshot(session, COOKIE, APP)).toBeUndefined()
})

test.each<Verdict>([{ outcome: "anonymous" }, { outcome: "aal2_required" }, { outcome: "unavailable" }])(
  "a handoff says $outcome as well",
  async (verdict) => {
    const { sealHandoff, open } = await sealed()
    expect(await open("handoff", (await sealHandoff(verdict, COOKIE, APP)) ?? "", COOKIE, APP)).toEqual(verdict)
  },
)

describe("a snapshot that has opened before", () => {
  test("opens for no one else, and not as a handoff, and not bent", async () => {
    const value = await make("snapshot")
    const { open } = await sealed()
    expect(await open("snapshot", value, COOKIE, APP)).toEqual(active)
    expect(await open("snapshot", value, "ory_kratos_session=two", APP)).toBeUndefined()
    expect(await open("snapshot", value, "", APP)).toBeUndefined()
    expect(await open("snapshot", value, COOKIE, "http://localhost:3001")).toBeUndefined()
    expect(await open("snapshot", `${value}A`, COOKIE, APP)).toBeUndefined()
    expect(await open("handoff", value, COOKIE, APP)).toBeUndefined()
  })

  test("expires all the same", async () => {
    const value = await make("snapshot")
    const { open } = await sealed()
    expect(await open("snapshot", value, COOKIE, APP)).toEqual(active)
    vi.setSystemTime(NOW + 30_000)
    expect(await open("snapshot", value, COOKIE, APP)).toBeUndefined()
  })

  test("is a copy each time: what a page does to it stays there", async () => {
    const value = await make("snapshot")
    const { open } = await sealed()
    const first = await open("snapshot", value, COOKIE, APP)
    if (first?.outcome === "active") first.session.identity.traits.email = "changed@example.com"
    expect(await open("snapshot", value, COOKIE, APP)).toEqual(active)
    expect(await open("snapshot", value, COOKIE, APP)).toEqual(active)
  })

  test("opens after a thousand others as well", async () => {
    const { open, sealSnapshot } = await sealed()
    const values: string[] = []
    for (let index = 0; index < 1100; index++) values.push((await sealSnapshot(session, COOKIE, APP))?.value ?? "")
    for (const value of [...values, ...values]) expect(await open("snapshot", value, COOKIE, APP)).toEqual(active)
  })
})

describe("how large", () => {
  const large = (bytes: number): Session => ({
    ...session,
    identity: { id: session.identity.id, traits: { name: { first: "x".repeat(bytes) } } },
  })

  test("a snapshot always fits into a cookie, name and attributes included; where it would not, there is none", async () => {
    const { sealSnapshot, open, snapshotCookie } = await sealed({ seconds: "300" })
    const app = "https://app.example.com"
    let longest = 0
    let none = 0
    for (let bytes = 2000; bytes < 3000; bytes += 10) {
      const snapshot = await sealSnapshot(large(bytes), COOKIE, app)
      if (snapshot === undefined) {
        none++
        continue
      }
      expect(none, "a larger session has a snapshot, a smaller one has none").toBe(0)
      longest = Math.max(longest, snapshotCookie(app, snapshot.value, snapshot.maxAge).length)
      expect(await open("snapshot", snapshot.value, COOKIE, app)).toEqual({ outcome: "active", session: large(bytes) })
    }
    expect(longest).toBeGreaterThan(3800)
    expect(longest).toBeLessThanOrEqual(4096)
    expect(none).toBeGreaterThan(0)
  })

  test("a session too large for a cookie may still have a handoff", async () => {
    const { sealSnapshot, sealHandoff, open } = await sealed()
    const verdict: Verdict = { outcome: "active", session: large(4000) }
    expect(await sealSnapshot(large(4000), COOKIE, APP)).toBeUndefined()
    expect(await open("handoff", (await sealHandoff(verdict, COOKIE, APP)) ?? "", COOKIE, APP)).toEqual(verdict)
  })

  test("one too large for a header has neither", async () => {
    const { sealSnapshot, sealHandoff } = await sealed()
    expect(await sealSnapshot(large(10_000), COOKIE, APP)).toBeUndefined()
    expect(await sealHandoff({ outcome: "active", session: large(10_000) }, COOKIE, APP)).toBeUndefined()
  })
})

describe("the snapshot's cookie", () => {
  test("on http", async () => {
    const { snapshotCookie, snapshotName } = await sealed()
    expect(snapshotName("http://localhost:3000")).toBe("session_snapshot")
    expect(snapshotCookie("http://localhost:3000", "abc", 30)).toBe(
      "session_snapshot=abc; Path=/; Max-Age=30; HttpOnly; SameSite=Lax",
    )
  })

  test("on https is this host's alone, as its name makes browsers sure", async () => {
    const { snapshotCookie, snapshotName } = await sealed()
    expect(snapshotName("https://app.example.com")).toBe("__Host-session_snapshot")
    expect(snapshotCookie("https://app.example.com", "abc", 30)).toBe(
      "__Host-session_snapshot=abc; Path=/; Max-Age=30; HttpOnly; SameSite=Lax; Secure",
    )
  })

  test.each(["http://localhost:3000", "https://app.example.com"])(
    "is taken away at %s with the attributes it was set with",
    async (app) => {
      const { snapshotCookie } = await sealed()
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
    ["among odd ones", (pair: string) => `; ;=;é=\u0000; x${pair}x; ${pair}`],
  ])("is found %s", async (_where, header) => {
    const value = await make("snapshot")
    const { openSnapshot } = await sealed()
    expect(await openSnapshot(request(header(`session_snapshot=${value}`)))).toEqual(active)
  })

  test.each([
    ["is not there", () => null],
    ["is an empty header", () => ""],
    ["has no value", () => "session_snapshot"],
    ["is empty", () => "session_snapshot="],
    ["has another name", (value: string) => `xsession_snapshot=${value}`],
    ["has a longer name", (value: string) => `session_snapshot2=${value}`],
    ["has a name in other letters", (value: string) => `Session_Snapshot=${value}`],
    ["has the name it has on https", (value: string) => `__Host-session_snapshot=${value}`],
    ["is quoted", (value: string) => `session_snapshot="${value}"`],
    ["stands inside another", (value: string) => `other=session_snapshot=${value}`],
  ])("that %s does not open", async (_how, header) => {
    const value = await make("snapshot")
    const { openSnapshot } = await sealed()
    expect(await openSnapshot(request(header(value)))).toBeUndefined()
  })

  test("on https does not open under the name that http has, which any neighbour could set", async () => {
    const app = "https://app.example.com"
    const { openSnapshot, sealSnapshot } = await sealed()
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
  ])("%j without it is %j", async (header, rest) => {
    const { withoutSnapshot } = await sealed()
    expect(withoutSnapshot(header, APP)).toBe(rest)
  })
})
