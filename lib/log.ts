import { AsyncLocalStorage } from "node:async_hooks"

/** What can happen, by stable names: docs/operate.md explains each one. Alerts depend on them, so never rename one. */
export type LogEvent =
  | "configuration_invalid"
  | "configuration_warning"
  | "file_needs_session"
  | "flow_cookie_missing"
  | "flow_error"
  | "ory_proxy_failed"
  | "ory_unavailable"
  | "session_token_failed"
  | "account_deletion_failed"
  | "request_failed"
  | "second_factor_disabled"
  | "session_cookie_missing"
  | "session_extension_failed"

/** A proxy may set it (nginx: `$request_id`). Otherwise the gate does. */
export const REQUEST_ID_HEADER = "x-request-id"

/** The id of the request that the gate is handling. */
const gateRequest = new AsyncLocalStorage<string>()

type Level = "warn" | "error"
type Fields = Readonly<Record<string, string | number | undefined>>

/**
 * Logs one event on one line: as JSON in production, else only the message. The line has the id of the request that is being
 * handled. Never pass a cookie, a token or a whole header.
 *
 * @param message For people. It may change.
 * @param fields For programs. Their names are stable.
 */
export function log(level: Level, event: LogEvent, message: string, fields: Fields = {}): void {
  const id = gateRequest.getStore()
  // Next replaces this variable in a build. A plain condition with the import inside keeps `next/headers` out of the gate.
  if (process.env.NEXT_RUNTIME === "nodejs") {
    if (id === undefined) {
      const fromPage = import("next/headers").then(({ headers }) => headers())
      void fromPage
        .then((all) => all.get(REQUEST_ID_HEADER) ?? undefined)
        .catch(() => undefined)
        .then((id) => {
          write(level, event, message, { request_id: id, ...fields })
        })
      return
    }
  }
  write(level, event, message, { request_id: id, ...fields })
}

/** {@link log} when a server starts. It writes at once, because the process may end next. */
export function logStart(level: Level, event: LogEvent, message: string): void {
  write(level, event, message, {})
}

/**
 * Runs the gate with an id for its log lines, and passes the id on to the page in the request's headers. A client can choose the id,
 * so it may contain only characters that can't forge a log line.
 */
export function withRequestId<Result>(headers: Headers, handle: () => Result): Result {
  const sent = headers.get(REQUEST_ID_HEADER) ?? ""
  const id = /^[\w.:-]{8,100}$/.test(sent) ? sent : crypto.randomUUID()
  headers.set(REQUEST_ID_HEADER, id)
  return gateRequest.run(id, handle)
}

function write(level: Level, event: LogEvent, message: string, fields: Fields): void {
  const line = { time: new Date().toISOString(), level, event, ...fields, message }
  console[level](process.env.NODE_ENV === "production" ? JSON.stringify(line) : message)
}
