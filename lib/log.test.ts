import { afterEach, beforeEach, expect, test, vi, type MockInstance } from "vitest"
import { log, logStart, REQUEST_ID_HEADER, withRequestId } from "@/lib/log"

let logged: MockInstance<typeof console.error>
beforeEach(() => {
  logged = vi.spyOn(console, "error").mockReturnValue()
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

/** The only line of the log. */
function line(): string {
  expect(logged).toHaveBeenCalledTimes(1)
  return String(logged.mock.lastCall?.[0])
}

test("in production, one line of JSON has the time, level, event, request, fields and message", () => {
  vi.stubEnv("NODE_ENV", "production")
  const headers = new Headers({ [REQUEST_ID_HEADER]: "0123456789abcdef" })
  withRequestId(headers, () => {
    log("error", "ory_unavailable", "Ory at http://localhost:9\n  did not respond", { reason: "status 500" })
  })
  expect(line()).not.toContain("\n")
  expect(JSON.parse(line())).toEqual({
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as unknown,
    level: "error",
    event: "ory_unavailable",
    request_id: "0123456789abcdef",
    reason: "status 500",
    message: "Ory at http://localhost:9\n  did not respond",
  })
})

test("in development, the line is the message", () => {
  log("error", "flow_error", "Ory ended a flow with an error", { error_id: "x" })
  expect(line()).toBe("Ory ended a flow with an error")
})

test("a line outside of a request has no request id", () => {
  vi.stubEnv("NODE_ENV", "production")
  logStart("error", "configuration_invalid", "APP_URL is not set.")
  expect(line()).not.toContain("request_id")
})

test.each(["", "short", "a b c d e f", 'x"},{"level":"', "a".repeat(101), "línea-forjada"])(
  "the gate replaces the request id %j",
  (sent) => {
    const headers = new Headers()
    if (sent !== "" && /^[\x20-\x7e]+$/.test(sent)) headers.set(REQUEST_ID_HEADER, sent)
    withRequestId(headers, () => undefined)
    expect(headers.get(REQUEST_ID_HEADER)).toMatch(/^[\da-f-]{36}$/)
  },
)

test("concurrent requests keep their own ids", async () => {
  vi.stubEnv("NODE_ENV", "production")
  const handle = (id: string): Promise<void> =>
    withRequestId(new Headers({ [REQUEST_ID_HEADER]: id }), async () => {
      await new Promise((done) => setTimeout(done, Math.random() * 20))
      log("error", "flow_error", id)
    })
  await Promise.all(Array.from({ length: 20 }, (_, number) => handle(`request-${number}`)))
  const lines = logged.mock.calls.map(([text]) => JSON.parse(String(text)) as { request_id: string; message: string })
  expect(lines).toHaveLength(20)
  expect(lines.every(({ request_id, message }) => request_id === message)).toBe(true)
})
