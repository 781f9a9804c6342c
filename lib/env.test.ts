import { execFileSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { afterEach, describe, expect, test, vi } from "vitest"
import { assertReadyToServe, readEnv } from "@/lib/env"
import { topologyProblem } from "@/lib/topology"

/** The minimum for local development. */
const development = { NODE_ENV: "development", ORY_SDK_URL: "http://localhost:4000" }

/** The minimum in production. */
const server = { NODE_ENV: "production", ORY_SDK_URL: "https://auth.example.com", APP_URL: "https://app.example.com" }

const secret = randomBytes(32).toString("base64")
const otherSecret = randomBytes(32).toString("hex")

/** The lines under "Invalid environment variables:". */
function problems(source: Record<string, string | undefined>, serving?: boolean): string[] {
  try {
    readEnv(source, serving)
  } catch (error) {
    const [title, ...lines] = (error as Error).message.split("\n  - ")
    expect(title).toBe("Invalid environment variables:")
    expect((error as Error).stack).toBe((error as Error).message)
    return lines
  }
  return []
}

test("development requires only ORY_SDK_URL", () => {
  expect(readEnv(development)).toEqual({
    oryUrl: "http://localhost:4000",
    topology: "direct",
    appUrls: ["http://localhost:3000"],
    sessionMaxAgeSeconds: 90 * 24 * 3600,
    sessionSecrets: [],
    sessionCacheSeconds: 30,
    apiOrigins: [],
    onVercel: false,
    warnings: [],
  })
})

test("production requires only ORY_SDK_URL and APP_URL", () => {
  expect(readEnv(server)).toEqual({
    oryUrl: "https://auth.example.com",
    topology: "direct",
    appUrls: ["https://app.example.com"],
    sessionMaxAgeSeconds: 90 * 24 * 3600,
    sessionSecrets: [],
    sessionCacheSeconds: 30,
    apiOrigins: [],
    onVercel: false,
    warnings: [],
  })
})

test("treats an empty variable as missing", () => {
  const empty = {
    APP_URL: "",
    PORT: "",
    ORY_PROXY: "",
    ORY_PROJECT_API_TOKEN: "",
    ORY_ADMIN_URL: "",
    SESSION_EXTEND_BELOW: "",
    SESSION_MAX_AGE: "",
    ORY_SESSION_COOKIE: "",
    SESSION_SECRET: "",
    SESSION_CACHE_SECONDS: "",
  }
  const vercel = { VERCEL_ENV: "", VERCEL_URL: "", VERCEL_BRANCH_URL: "", VERCEL_PROJECT_PRODUCTION_URL: "" }
  expect(readEnv({ ...development, ...empty, ...vercel })).toEqual(readEnv(development))
})

describe.each([
  ["ORY_SDK_URL", "for example http://localhost:4000 (local Ory and the Ory tunnel) or https://auth.example.com"],
  ["APP_URL", "for example https://app.example.com, or several separated by commas"],
] as const)("%s", (variable, example) => {
  const read = (value: string): string => {
    // With ORY_PROXY=on, all combinations of origins are valid.
    const { oryUrl, appUrls } = readEnv({
      ...server,
      ORY_SDK_URL: "https://ory.test",
      APP_URL: "https://app.test",
      ORY_PROXY: "on",
      [variable]: value,
    })
    return variable === "ORY_SDK_URL" ? oryUrl : appUrls.join()
  }

  test.each([
    ["https://auth.example.com", "https://auth.example.com"],
    ["https://auth.example.com/", "https://auth.example.com"],
    ["HTTPS://Auth.Example.com", "https://auth.example.com"],
    ["https://auth.example.com:443", "https://auth.example.com"],
    ["https://auth.example.com:8443", "https://auth.example.com:8443"],
    ["http://localhost:80", "http://localhost"],
    ["http://127.0.0.1:4000", "http://127.0.0.1:4000"],
    ["http://[::1]:4000/", "http://[::1]:4000"],
    ["  https://auth.example.com\n", "https://auth.example.com"],
  ])("reads %j as %s", (value, origin) => {
    expect(read(value)).toBe(origin)
  })

  test.each([
    ["auth.example.com", "which does not begin with http:// or https://"],
    ["localhost:4000", "which does not begin with http:// or https://"],
    ["//auth.example.com", "which does not begin with http:// or https://"],
    ["htp://auth.example.com", "which does not begin with http:// or https://"],
    ["http:/auth.example.com", "which does not begin with http:// or https://"],
    ["https:\\\\auth.example.com", "which does not begin with http:// or https://"],
    ["ftp://auth.example.com", "which does not begin with http:// or https://"],
    ["'https://auth.example.com'", "which does not begin with http:// or https://"],
    ["undefined", "which does not begin with http:// or https://"],
    ["https://", "which is not a URL"],
    ["https://auth.example.com:70000", "which is not a URL"],
    ["https://auth.example.com:-1", "which is not a URL"],
    ["https://auth.example.com:four", "which is not a URL"],
    ["https://auth example.com", "which is not a URL"],
    ["https://auth\t.example.com", "which is not a URL"],
    ["https://auth.exam\nple.com", "which is not a URL"],
    ["https://auth.example.com https://app.example.com", "which is not a URL"],
    ["https://[::1", "which is not a URL"],
    ["https://auth.example.com/ory", "which has a path, a query or a fragment"],
    ["https://auth.example.com//", "which has a path, a query or a fragment"],
    ["https://auth.example.com/?a=b", "which has a path, a query or a fragment"],
    ["https://auth.example.com?a=b", "which has a path, a query or a fragment"],
    ["https://auth.example.com#a", "which has a path, a query or a fragment"],
    ["https://https://auth.example.com", "which has a path, a query or a fragment"],
  ])("rejects %j with the value, the reason and an example", (value, why) => {
    expect(problems({ ...server, [variable]: value })).toEqual([
      `${variable} is "${value}", ${why}. Set it to an origin, ${example}.`,
    ])
  })

  test.each([
    ["https://someone:hunter2@auth.example.com", "…@auth.example.com", "which contains credentials"],
    ["https://hunter2@auth.example.com", "…@auth.example.com", "which contains credentials"],
    ["https://:hunter2@auth.example.com", "…@auth.example.com", "which contains credentials"],
    ["https://someone:hunt@er2@auth.example.com", "…@auth.example.com", "which contains credentials"],
    ["https://someone:hunter2@auth.example.com/ory", "…@auth.example.com/ory", "which contains credentials"],
    ["htp://someone:hunter2@auth.example.com", "…@auth.example.com", "which does not begin with http:// or https://"],
    ["someone:hunter2@auth.example.com", "…@auth.example.com", "which does not begin with http:// or https://"],
    ["https://someone:hunter2@", "…@", "which is not a URL"],
    ["https://someone:hun\nter2@auth.example.com", "…@auth.example.com", "which is not a URL"],
  ])("rejects %j without the password in the message", (value, seen, why) => {
    expect(problems({ ...server, [variable]: value })).toEqual([
      `${variable} is "${seen}", ${why}. Set it to an origin, ${example}.`,
    ])
  })
})

test.each([undefined, "", "  "])("ORY_SDK_URL is required: rejects %j", (value) => {
  expect(problems({ ...development, ORY_SDK_URL: value })).toEqual([
    "ORY_SDK_URL is not set. Set it to the origin of Ory, for example http://localhost:4000 (local Ory and the Ory tunnel) or https://auth.example.com.",
  ])
})

describe("several origins in APP_URL", () => {
  test("keep their order", () => {
    const list = " https://b.example.com/ ,https://a.example.com,http://localhost:3000"
    expect(readEnv({ ...server, APP_URL: list }).appUrls).toEqual([
      "https://b.example.com",
      "https://a.example.com",
      "http://localhost:3000",
    ])
  })

  test.each([
    ["https://a.example.com,", ""],
    [",https://a.example.com", ""],
    ["https://a.example.com,,https://b.example.com", ""],
    ["https://a.example.com,b.example.com", "b.example.com"],
    ["https://a.example.com;https://b.example.com", "https://a.example.com;https://b.example.com"],
    [",", ""],
    [" ", ""],
  ])("rejects %j because of %j", (list, wrong) => {
    expect(problems({ ...server, APP_URL: list })).toEqual([expect.stringContaining(`APP_URL is "${wrong}", `)])
  })
})

describe("without APP_URL", () => {
  const vercel = {
    NODE_ENV: "production",
    ORY_SDK_URL: "https://demo.projects.oryapis.com",
    VERCEL_URL: "app-1a2b3c.vercel.app",
    VERCEL_BRANCH_URL: "app-git-main.vercel.app",
    VERCEL_PROJECT_PRODUCTION_URL: "app.example.com",
  }

  test("uses the project's production URL first in Vercel's production", () => {
    expect(readEnv({ ...vercel, VERCEL_ENV: "production" }).appUrls).toEqual([
      "https://app.example.com",
      "https://app-git-main.vercel.app",
      "https://app-1a2b3c.vercel.app",
    ])
  })

  test.each(["preview", "development", undefined])("uses the branch URL first in Vercel's %s environment", (name) => {
    expect(readEnv({ ...vercel, VERCEL_ENV: name }).appUrls).toEqual([
      "https://app-git-main.vercel.app",
      "https://app-1a2b3c.vercel.app",
      "https://app.example.com",
    ])
  })

  test("uses the deployment URL for a preview without a branch", () => {
    const { appUrls } = readEnv({
      ...vercel,
      VERCEL_ENV: "preview",
      VERCEL_BRANCH_URL: undefined,
      VERCEL_PROJECT_PRODUCTION_URL: "",
    })
    expect(appUrls).toEqual(["https://app-1a2b3c.vercel.app"])
  })

  test("ignores Vercel's variables when APP_URL is set", () => {
    expect(readEnv({ ...vercel, VERCEL_ENV: "production", APP_URL: "https://b.example.com" }).appUrls).toEqual([
      "https://b.example.com",
    ])
  })

  test("rejects production outside Vercel", () => {
    expect(problems({ ...server, APP_URL: undefined })).toEqual([
      "APP_URL is not set. In production, set it to the origin that users see in their browser, for example https://app.example.com, or several separated by commas.",
    ])
  })

  test("allows a production build", () => {
    expect(problems({ ...server, APP_URL: undefined }, false)).toEqual([])
  })

  test("checks the other variables of a build", () => {
    expect(problems({ ...server, APP_URL: "app.example.com" }, false)).toEqual([
      expect.stringContaining('APP_URL is "app.example.com"'),
    ])
    expect(problems({ NODE_ENV: "production" }, false)).toEqual([expect.stringContaining("ORY_SDK_URL is not set")])
  })

  test.each([
    ["80", "http://localhost"],
    ["1", "http://localhost:1"],
    ["8080", "http://localhost:8080"],
    [" 3001 ", "http://localhost:3001"],
    ["65535", "http://localhost:65535"],
  ])("uses PORT=%j in development: %s", (port, url) => {
    expect(readEnv({ ...development, PORT: port }).appUrls).toEqual([url])
  })

  test.each([
    "0",
    "65536",
    "99999",
    "300000",
    "-1",
    "+3000",
    "3000.5",
    "3e3",
    "0x0bb8",
    "three",
    "3000 4000",
    ":3000",
    "３０００",
  ])("rejects PORT=%j", (port) => {
    expect(problems({ ...development, PORT: port })).toEqual([
      `PORT is "${port}". Set it to a port number, for example 3000.`,
    ])
  })
})

describe("topology", () => {
  const topology = (variables: Record<string, string>): string => readEnv({ ...server, ...variables }).topology

  test.each([
    [{ ORY_SDK_URL: "https://demo.projects.oryapis.com" }, "same-origin"],
    [{ ORY_SDK_URL: "https://DEMO.projects.oryapis.com" }, "same-origin"],
    [{ ORY_SDK_URL: "https://demo.projects.oryapis.com", ORY_PROXY: "on" }, "same-origin"],
    [{ ORY_PROXY: "on" }, "same-origin"],
    [{ ORY_PROXY: " on " }, "same-origin"],
    [{ ORY_PROXY: "on", ORY_SDK_URL: "http://kratos:4433" }, "same-origin"],
    [{}, "direct"],
    [{ ORY_PROXY: "" }, "direct"],
    // Similar to Ory Network's names
    [{ ORY_SDK_URL: "https://projects.oryapis.com", APP_URL: "https://x.oryapis.com" }, "direct"],
    [{ ORY_SDK_URL: "https://demo-projects.oryapis.com", APP_URL: "https://x.oryapis.com" }, "direct"],
    [{ ORY_SDK_URL: "https://demo.projects.oryapis.com.example.com" }, "direct"],
  ])("with %j is %s", (variables, expected) => {
    expect(topology(variables as Record<string, string>)).toBe(expected)
  })

  test.each(["off", "true", "1", "ON", "on,"])("rejects ORY_PROXY=%j", (value) => {
    expect(problems({ ...server, ORY_PROXY: value })).toEqual([`ORY_PROXY is "${value}". Set it to on, or remove it.`])
  })

  test("rejects Ory Network without TLS, because sessions would be sent in clear text", () => {
    expect(problems({ ...server, ORY_SDK_URL: "http://demo.projects.oryapis.com" })).toEqual([
      'ORY_SDK_URL is "http://demo.projects.oryapis.com". Ory Network uses https. Set it to https://demo.projects.oryapis.com.',
    ])
  })

  test.each(["on", ""])("rejects the app's own origin as Ory's, with ORY_PROXY=%j", (ORY_PROXY) => {
    expect(problems({ ...server, ORY_SDK_URL: "https://app.example.com", ORY_PROXY })).toEqual([
      "ORY_SDK_URL is https://app.example.com, which is this app's own origin. Set it to the origin of Ory.",
    ])
  })

  test("warns about each other origin under which the topology cannot work", () => {
    const { warnings } = readEnv({
      ...server,
      APP_URL: "https://app.example.com,https://www.example.com,https://my-app.vercel.app,http://localhost:3000",
    })
    expect(warnings).toEqual([
      topologyProblem("direct", "https://auth.example.com", "https://my-app.vercel.app"),
      topologyProblem("direct", "https://auth.example.com", "http://localhost:3000"),
    ])
  })

  test("rejects the build of a Vercel preview with Ory on a custom domain, and only warns in production", () => {
    const vercel = {
      NODE_ENV: "production",
      ORY_SDK_URL: "https://auth.example.com",
      VERCEL_URL: "app-1.vercel.app",
      VERCEL_PROJECT_PRODUCTION_URL: "app.example.com",
    }
    expect(problems({ ...vercel, VERCEL_ENV: "preview" }, false)).toEqual([
      topologyProblem("direct", "https://auth.example.com", "https://app-1.vercel.app"),
    ])
    expect(readEnv({ ...vercel, VERCEL_ENV: "production" }, false).warnings).toHaveLength(1)
  })

  test("skips the topology check in a build without APP_URL", () => {
    expect(problems({ NODE_ENV: "production", ORY_SDK_URL: "https://auth.example.com" }, false)).toEqual([])
    expect(problems({ NODE_ENV: "production", ORY_SDK_URL: "http://127.0.0.1:4000" }, false)).toEqual([])
  })

  test("skips the topology check in a build with the placeholder of the Dockerfile, but not in a server", () => {
    const placeholder = { ...server, ORY_SDK_URL: "http://not-known-yet.invalid" }
    for (const APP_URL of ["https://app.example.com", "http://localhost:3000"]) {
      expect(problems({ ...placeholder, APP_URL }, false)).toEqual([])
      expect(problems({ ...placeholder, APP_URL }, true)).toHaveLength(1)
    }
  })

  test.each([
    ["ory_pat_abc123", "ory_pat_abc123"],
    [" ory_pat_abc123\n", "ory_pat_abc123"],
    ["", undefined],
    ["  ", undefined],
  ])("reads ORY_PROJECT_API_TOKEN=%j as %s", (value, token) => {
    expect(readEnv({ ...server, ORY_PROJECT_API_TOKEN: value }).oryProjectToken).toBe(token)
  })

  test.each(["ory_pat hunter2", "hunter2\nx: y", "hünter2"])(
    "rejects ORY_PROJECT_API_TOKEN=%j without the token in the message",
    (value) => {
      const [problem, ...others] = problems({ ...server, ORY_PROJECT_API_TOKEN: value })
      expect(others).toEqual([])
      expect(problem).toMatch(/^ORY_PROJECT_API_TOKEN contains a character/)
      expect(problem).not.toMatch(/h.nter2/)
    },
  )

  test.each([
    ["my_session", "my_session"],
    [" ory_session_slug\n", "ory_session_slug"],
    ["__Secure-session", "__Secure-session"],
    ["", undefined],
    ["  ", undefined],
  ])("reads ORY_SESSION_COOKIE=%j as %s", (value, sessionCookie) => {
    expect(readEnv({ ...server, ORY_SESSION_COOKIE: value }).sessionCookie).toBe(sessionCookie)
  })

  test.each([
    ["my session", "is not a valid cookie name"],
    ["my_session=", "is not a valid cookie name"],
    ["my;session", "is not a valid cookie name"],
    ["sessiön", "is not a valid cookie name"],
    ["session_snapshot", "is the name of another cookie"],
    ["__Host-session_snapshot", "is the name of another cookie"],
    ["login_redirects", "is the name of another cookie"],
    ["csrf_token_1234", "is the name of another cookie"],
    ["ory_kratos_continuity", "is the name of another cookie"],
  ])("rejects ORY_SESSION_COOKIE=%j, which %s", (value, why) => {
    const [problem, ...others] = problems({ ...server, ORY_SESSION_COOKIE: value })
    expect(others).toEqual([])
    expect(problem).toContain(`ORY_SESSION_COOKIE is "${value}", which ${why}. Set it to`)
  })

  test.each([
    ["1", true],
    ["", false],
  ])("reads VERCEL=%j as %s", (VERCEL, onVercel) => {
    expect(readEnv({ ...server, VERCEL })).toMatchObject({ onVercel })
  })
})

describe("SESSION_SECRET", () => {
  const secrets = (value: string): readonly string[] =>
    readEnv({ ...development, SESSION_SECRET: value }).sessionSecrets

  test.each([
    ["one secret", secret, [secret]],
    ["several for rotation, in their order", `${secret},${otherSecret}`, [secret, otherSecret]],
    ["several with white space around them", ` ${secret} ,\n${otherSecret}\n`, [secret, otherSecret]],
    ["one with extra commas", `,${secret},,`, [secret]],
    ["only commas", " , ", []],
    [
      "one generated by openssl",
      "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=",
      ["q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA="],
    ],
    ["one of exactly 32 characters", "9f1c2ab07d6e4853be12f7a0c6d59e34", ["9f1c2ab07d6e4853be12f7a0c6d59e34"]],
  ])("reads %s", (_how, value, list) => {
    expect(secrets(value)).toEqual(list)
  })

  test.each([
    ["a short one", "hunter2"],
    ["one of 31 characters", "hunter2".padEnd(31, "x")],
    ["a short one after a long one", `${secret},hunter2`],
    ["a short one before a long one", `hunter2,${secret}`],
    ["white space that makes it long", ` ${" ".repeat(40)}hunter2`],
  ])("rejects %s with a fix, without the secret in the message", (_how, value) => {
    const [problem, ...others] = problems({ ...development, SESSION_SECRET: value })
    expect(others).toEqual([])
    expect(problem).toMatch(/^SESSION_SECRET .*shorter than 32 characters.* openssl rand -base64 32/)
    expect(problem).not.toContain("hunter2")
    expect(problem).not.toContain(secret)
  })
})

describe("a weak SESSION_SECRET", () => {
  const word = "that contains a placeholder or a common word"
  test.each([
    ["x".repeat(32), "with fewer than 8 different characters"],
    ["abababababababababababababababababab", "with fewer than 8 different characters"],
    ["01101001100101101001011001101001", "with fewer than 8 different characters"],
    ["9f1c2ab07d6e9f1c2ab07d6e9f1c2ab07d6e", "that repeats a pattern"],
    ["0a9b8c7d6e5f4132".repeat(2), "that repeats a pattern"],
    ["correcthorsebatterystaple".repeat(2), "that repeats a pattern"],
    ["change-me-before-you-deploy-this-app", word],
    ["CHANGEME_before_you_deploy_this_app", word],
    ["replace-with-your-own-random-value!!", word],
    ["an-example-value-of-enough-characters", word],
    ["my-password-is-long-enough-for-this-app", word],
    ["a-secret-of-exactly-32-characters", word],
    ["SESSION_SECRET_of_the_production_app", word],
    ["mysupersecret-mysupersecure-4d7f9aa1", word],
    ["session-key-placeholder-until-we-deploy", word],
    ["abcdefghijklmnopqrstuvwxyz0123456789", word],
    ["0123456789-zyx-wvu-tsr-qpo-nml-kji-hg", word],
    ["qwertyuiopasdfghjklzxcvbnm0246813579", word],
  ])("is rejected with a fix, without the secret in the message: %s", (value, why) => {
    for (const all of [value, `${secret},${value}`]) {
      expect(problems({ ...development, SESSION_SECRET: all })).toEqual([
        `SESSION_SECRET contains a secret ${why}. Commas separate secrets. Generate a secret with: openssl rand -base64 32. Leave the variable empty to run without snapshots.`,
      ])
    }
  })

  test.each(["base64", "hex"] as const)(
    "is not detected in 10,000 random secrets in the form of openssl rand -%s 32",
    (form) => {
      for (let count = 0; count < 10_000; count++) {
        const value = randomBytes(32).toString(form)
        expect(readEnv({ ...development, SESSION_SECRET: value }).sessionSecrets, value).toEqual([value])
      }
    },
    30_000,
  )

  test.each(["-base64", "-hex"])("is not detected in secrets from openssl rand %s 32", (form) => {
    for (let count = 0; count < 20; count++) {
      let value: string
      try {
        value = execFileSync("openssl", ["rand", form, "32"], { encoding: "utf8" })
      } catch (error) {
        // Without openssl on this machine, the test above covers the same form.
        expect((error as NodeJS.ErrnoException).code).toBe("ENOENT")
        return
      }
      expect(value.trim().length).toBeGreaterThan(40)
      expect(readEnv({ ...development, SESSION_SECRET: value }).sessionSecrets).toEqual([value.trim()])
    }
  })
})

describe("SESSION_TOKEN_JWKS", () => {
  const key = { kty: "EC", crv: "P-256", x: "x", y: "y", kid: "1", alg: "ES256", use: "sig" }
  const PAIR = 'has a key (number 1) whose "alg" and "kty" are not ES256 and EC'
  const withKeys = (value: unknown): Record<string, string> => ({
    ...development,
    SESSION_TOKEN_JWKS: typeof value === "string" ? value : JSON.stringify(value),
  })

  test("reads public keys", () => {
    expect(readEnv(withKeys({ keys: [key] })).sessionTokenJwks).toEqual({ keys: [key] })
    const rsa = { kty: "RSA", n: "n", e: "AQAB", kid: "2", alg: "RS256", use: "sig" }
    const ed = { kty: "OKP", crv: "Ed25519", x: "x", kid: "3", alg: "EdDSA", use: "sig" }
    const withMore = { ...rsa, priv: "SECRET", key_ops: ["verify"] }
    expect(readEnv(withKeys({ keys: [key, withMore, ed] })).sessionTokenJwks).toEqual({ keys: [key, rsa, ed] })
    expect(readEnv(withKeys("")).sessionTokenJwks).toBeUndefined()
  })

  test.each([
    ["{", 'is not a JSON object with a list of "keys"'],
    ["null", 'is not a JSON object with a list of "keys"'],
    [{ keys: key }, 'is not a JSON object with a list of "keys"'],
    [{ keys: ["x"] }, 'is not a JSON object with a list of "keys"'],
    [{ keys: [] }, "contains no key"],
    [{ keys: [key, { ...key, kid: undefined }] }, 'has a key (number 2) without a "kid"'],
    [{ keys: [key, key] }, 'has a key (number 2) with the "kid" of another one'],
    [{ keys: [{ ...key, x: "" }] }, 'has a key (number 1) without a valid "x"'],
    [{ keys: [{ ...key, y: { d: "TOP-SECRET" } }] }, 'has a key (number 1) without a valid "y"'],
    [{ keys: [{ ...key, alg: "HS256" }] }, PAIR],
    [{ keys: [{ ...key, alg: "none" }] }, PAIR],
    [{ keys: [{ ...key, alg: { d: "TOP-SECRET" } }] }, PAIR],
    [{ keys: [{ ...key, alg: "RS256" }] }, PAIR],
    [{ keys: [{ ...key, kty: "oct" }] }, PAIR],
    [{ keys: [{ ...key, kty: "RSA" }] }, PAIR],
    [
      { keys: [{ ...key, d: "TOP-SECRET" }] },
      'has a key (number 1) with the private member "d". Replace this key, because it may have leaked',
    ],
    [{ keys: [{ kty: "oct", k: "TOP-SECRET" }] }, 'has a key (number 1) with the private member "k"'],
  ])("refuses %j, and never shows a private member", (value, problem) => {
    const found = problems(withKeys(value))
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(`SESSION_TOKEN_JWKS ${problem}`)
    expect(found[0]).toContain("npm run session-token-keys")
    expect(found[0]).not.toContain("TOP-SECRET")
  })
})

describe("API_ORIGINS", () => {
  test("reads several origins", () => {
    const value = "https://api.example.com, http://localhost:4001/"
    expect(readEnv({ ...development, API_ORIGINS: value }).apiOrigins).toEqual([
      "https://api.example.com",
      "http://localhost:4001",
    ])
  })

  test.each(["api.example.com", "https://api.example.com/v1", "https://*.example.com; script-src *", "*"])(
    "refuses %j",
    (value) => {
      expect(problems({ ...development, API_ORIGINS: value })[0]).toContain(`API_ORIGINS is "${value}"`)
    },
  )
})

describe("SESSION_CACHE_SECONDS", () => {
  test.each([
    ["0", 0],
    ["1", 1],
    ["30", 30],
    ["300", 300],
    [" 60 ", 60],
    ["007", 7],
    ["  ", 30],
  ])("reads %j as %d", (value, seconds) => {
    expect(readEnv({ ...development, SESSION_CACHE_SECONDS: value }).sessionCacheSeconds).toBe(seconds)
  })

  test.each([
    "301",
    "999",
    "3000",
    "-1",
    "+1",
    "1.5",
    "1,5",
    "1e2",
    "0x10",
    "30s",
    "half",
    "NaN",
    "Infinity",
    "３０",
    "3 0",
  ])("rejects %j", (value) => {
    expect(problems({ ...development, SESSION_CACHE_SECONDS: value })).toEqual([
      `SESSION_CACHE_SECONDS is "${value}". Set it to whole seconds from 0 (off) to 300, for example 30.`,
    ])
  })
})

describe("ORY_ADMIN_URL", () => {
  const network = "https://demo.projects.oryapis.com"

  test.each([
    ["http://127.0.0.1:4434/", "http://127.0.0.1:4434"],
    ["http://ory.internal:4434", "http://ory.internal:4434"],
  ])("reads %j as %s", (value, origin) => {
    expect(readEnv({ ...development, ORY_ADMIN_URL: value }).oryAdminUrl).toBe(origin)
  })

  test("is the same as ORY_SDK_URL on Ory Network, with a token", () => {
    const variables = { ORY_SDK_URL: network, ORY_ADMIN_URL: network, ORY_PROJECT_API_TOKEN: "ory_pat_1" }
    expect(readEnv({ ...development, ...variables }).oryAdminUrl).toBe(network)
  })

  test.each([
    [
      "127.0.0.1:4434",
      'ORY_ADMIN_URL is "127.0.0.1:4434", which does not begin with http:// or https://. Set it to an origin, for example http://127.0.0.1:4434 (your own Kratos) or https://<slug>.projects.oryapis.com.',
    ],
    [
      "http://127.0.0.1:4434/admin",
      'ORY_ADMIN_URL is "http://127.0.0.1:4434/admin", which has a path, a query or a fragment. Set it to an origin, for example http://127.0.0.1:4434 (your own Kratos) or https://<slug>.projects.oryapis.com.',
    ],
    [
      network,
      `ORY_ADMIN_URL is "${network}", but ORY_PROJECT_API_TOKEN is not set. Set it to a project API key, or remove ORY_ADMIN_URL to run without sliding sessions and account deletion.`,
    ],
  ])("rejects %j", (value, problem) => {
    expect(problems({ ...development, ORY_ADMIN_URL: value })).toEqual([problem])
  })

  test("rejects Ory Network without TLS, because the token would be sent in clear text", () => {
    const variables = { ORY_ADMIN_URL: "http://demo.projects.oryapis.com", ORY_PROJECT_API_TOKEN: "ory_pat_1" }
    expect(problems({ ...development, ...variables })).toEqual([
      `ORY_ADMIN_URL is "http://demo.projects.oryapis.com". Ory Network uses https. Set it to ${network}.`,
    ])
  })
})

describe.each([
  ["SESSION_EXTEND_BELOW", "sessionExtendBelowSeconds", undefined, "24h"],
  ["SESSION_MAX_AGE", "sessionMaxAgeSeconds", 90 * 24 * 3600, "2160h"],
] as const)("%s", (variable, property, standard, example) => {
  test.each([
    ["45s", 45],
    ["15m", 900],
    ["720h", 720 * 3600],
    ["1h30m", 5400],
    ["1h0m10s", 3610],
    [" 24h ", 86_400],
    ["  ", standard],
  ])("reads %j as %s seconds", (value, seconds) => {
    expect(readEnv({ ...development, [variable]: value })[property]).toBe(seconds)
  })

  test.each([
    "0",
    "0s",
    "0h0m",
    "60",
    "-1h",
    "+1h",
    "1.5h",
    "1d",
    "1 h",
    "24H",
    "10ms",
    "30m1h",
    "h",
    "9999999h",
    "off",
  ])("rejects %j", (value) => {
    expect(problems({ ...development, [variable]: value })).toEqual([
      `${variable} is "${value}". Set it to a duration above zero in hours, minutes and seconds, for example ${example} or 1h30m.`,
    ])
  })
})

test("lists all problems at once", () => {
  const wrong = {
    NODE_ENV: "production",
    ORY_SDK_URL: "localhost:4000",
    APP_URL: "https://a:hunter2@b/c",
    SESSION_SECRET: "hunter2",
    SESSION_CACHE_SECONDS: "301",
  }
  const lines = problems(wrong)
  expect(lines.map((line) => line.split(" ", 1)[0])).toEqual([
    "ORY_SDK_URL",
    "APP_URL",
    "SESSION_SECRET",
    "SESSION_CACHE_SECONDS",
  ])
  expect(lines.join("\n")).not.toContain("hunter2")
  expect(problems({ NODE_ENV: "production" })).toHaveLength(2)
})

describe("appUrl", () => {
  afterEach(() => {
    vi.unstubAllEnvs()
    vi.resetModules()
  })

  async function appUrl(list: string, host: string | null): Promise<string> {
    vi.resetModules()
    vi.stubEnv("APP_URL", list)
    vi.stubEnv("ORY_PROXY", "on")
    return (await import("@/lib/env")).appUrl(host)
  }

  const list = "https://app.example.com,https://b.example.com:8443,http://localhost:3000"

  test.each([
    ["app.example.com", "https://app.example.com"],
    ["b.example.com:8443", "https://b.example.com:8443"],
    ["localhost:3000", "http://localhost:3000"],
    // All other hosts get the first origin
    [null, "https://app.example.com"],
    ["", "https://app.example.com"],
    ["evil.example", "https://app.example.com"],
    ["b.example.com", "https://app.example.com"],
    ["b.example.com:443", "https://app.example.com"],
    ["localhost", "https://app.example.com"],
    ["localhost:3001", "https://app.example.com"],
    ["x.localhost:3000", "https://app.example.com"],
    ["localhost:3000.evil.example", "https://app.example.com"],
    ["b.example.com:8443/evil", "https://app.example.com"],
    ["evil@b.example.com:8443", "https://app.example.com"],
    ["localhost:3000, evil.example", "https://app.example.com"],
    ["http://localhost:3000", "https://app.example.com"],
  ])("for the host %j, returns %s", async (host, url) => {
    expect(await appUrl(list, host)).toBe(url)
  })

  test("returns a single origin for every host", async () => {
    expect(await appUrl("https://app.example.com", "evil.example")).toBe("https://app.example.com")
  })

  test("rejects the import of the module when a variable is invalid", async () => {
    await expect(appUrl("app.example.com", null)).rejects.toThrow('APP_URL is "app.example.com"')
  })
})

describe("assertReadyToServe", () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined)
  afterEach(() => {
    vi.unstubAllEnvs()
    warn.mockClear()
  })

  function stubServer(variables: Record<string, string | undefined>): void {
    for (const [name, value] of Object.entries({ ...server, SESSION_SECRET: secret, ...variables }))
      vi.stubEnv(name, value)
  }

  test("rejects a server without APP_URL, which is optional only in a build", () => {
    stubServer({ APP_URL: undefined })
    expect(assertReadyToServe).toThrow("APP_URL is not set.")
  })

  test.each(["http://127.0.0.1:3000", "http://127.0.0.53:3000", "http://[::1]:3000"])(
    "rejects a server that listens on %s, where Next can't serve the gate's rewrites",
    (origin) => {
      stubServer({ __NEXT_PRIVATE_ORIGIN: origin })
      expect(assertReadyToServe).toThrow(`The server listens on ${origin}.`)
    },
  )

  test.each(["http://localhost:3000", "http://10.0.0.5:3000", undefined])(
    "accepts a server that listens on %s",
    (origin) => {
      stubServer({ __NEXT_PRIVATE_ORIGIN: origin })
      expect(assertReadyToServe).not.toThrow()
    },
  )

  test("logs nothing when all variables are valid", () => {
    stubServer({})
    assertReadyToServe()
    expect(warn).not.toHaveBeenCalled()
  })

  test("warns about a missing SESSION_SECRET and about each origin without shared cookies", () => {
    stubServer({ SESSION_SECRET: "", APP_URL: "https://app.example.com,https://my-app.vercel.app" })
    assertReadyToServe()
    const lines = warn.mock.calls.flat().map((line) => JSON.parse(String(line)) as { message: string })
    expect(lines.map(({ message }) => message)).toEqual([
      topologyProblem("direct", "https://auth.example.com", "https://my-app.vercel.app"),
      expect.stringContaining("SESSION_SECRET is not set, so there are no snapshots"),
    ])
  })
})
