import { describe, expect, test } from "vitest"
import { isOryNetwork, topologyProblem } from "@/lib/topology"

const proxy = "or set ORY_PROXY=on so that the browser reaches Ory through this app."
const scheme = `browsers treat http and https as different sites and don't share cookies between them. Use https for both, ${proxy}`
const domain = `they share no domain, so browsers don't share cookies between them. Give Ory a domain beside the app's, such as auth.example.com beside app.example.com, ${proxy}`
const loopback = (name: string): string =>
  `browsers don't share cookies between the two. Write localhost instead of ${name}.`

describe("the direct topology", () => {
  test.each([
    ["http://localhost:4000", "http://localhost:3000"],
    ["http://127.0.0.1:4000", "http://127.0.0.1:3000"],
    ["http://[::1]:4000", "http://[::1]:3000"],
    ["http://10.0.0.7:4000", "http://10.0.0.7:3000"],
    ["https://auth.example.com", "https://app.example.com"],
    ["https://auth.example.com", "https://example.com"],
    ["https://example.com", "https://app.example.com"],
    ["https://ory.eu.example.com", "https://app.us.example.com:8443"],
    ["https://app.example.com:4000", "https://app.example.com"],
    ["https://auth.example.co.uk", "https://app.example.co.uk"],
    ["https://ory:4433", "https://ory:3000"],
  ])("allows Ory at %s with the app at %s", (oryUrl, appUrl) => {
    expect(topologyProblem("direct", oryUrl, appUrl)).toBeUndefined()
  })

  test.each([
    ["http://127.0.0.1:4000", "http://localhost:3000", loopback("127.0.0.1")],
    ["http://localhost:4000", "http://127.0.0.1:3000", loopback("127.0.0.1")],
    ["http://localhost:4000", "http://[::1]:3000", loopback("[::1]")],
    ["http://127.0.0.1:4000", "http://[::1]:3000", domain],
    ["http://auth.example.com", "https://app.example.com", scheme],
    ["https://auth.example.com", "http://app.example.com", scheme],
    ["http://localhost:4000", "https://localhost:3000", scheme],
    ["https://auth.example.com", "http://localhost:3000", scheme],
    ["https://auth.example.com", "https://localhost:3000", domain],
    ["https://auth.example.com", "https://example.org", domain],
    ["https://auth.example.com", "https://my-app.vercel.app", domain],
    ["https://auth.example.com", "https://example.com.evil.example", domain],
    ["https://auth.internal", "https://app.internal", domain],
    ["http://kratos:4433", "http://app:3000", domain],
    ["http://localhost:4000", "http://app.localhost:3000", domain],
    ["http://10.0.0.7:4000", "http://10.0.0.8:3000", domain],
    ["http://10.0.0.7:4000", "http://10.1.0.7:3000", domain],
  ])("rejects Ory at %s with the app at %s, and same-origin allows it", (oryUrl, appUrl, why) => {
    expect(topologyProblem("direct", oryUrl, appUrl)).toBe(
      `ORY_SDK_URL is ${oryUrl} and this app is at ${appUrl}: ${why}`,
    )
    expect(topologyProblem("same-origin", oryUrl, appUrl)).toBeUndefined()
  })

  test("uses the caller's rule for domains", () => {
    const [ory, app] = ["https://one.co.uk", "https://two.co.uk"]
    expect(topologyProblem("direct", ory, app)).toBeUndefined()
    expect(topologyProblem("direct", ory, app, (hostname) => hostname)).toContain("they share no domain")
  })
})

test.each(["direct", "same-origin"] as const)("the %s topology rejects the app's own origin as Ory's", (topology) => {
  expect(topologyProblem(topology, "https://app.example.com", "https://app.example.com")).toBe(
    "ORY_SDK_URL is https://app.example.com, which is this app's own origin. Set it to the origin of Ory.",
  )
})

test.each([
  ["demo.projects.oryapis.com", true],
  ["projects.oryapis.com", false],
  ["demo-projects.oryapis.com", false],
  ["demo.projects.oryapis.com.example.com", false],
])("isOryNetwork(%j) is %s", (hostname, expected) => {
  expect(isOryNetwork(hostname)).toBe(expected)
})
