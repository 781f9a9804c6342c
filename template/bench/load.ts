import autocannon from "autocannon"
import { CookieJar } from "tough-cookie"
import { setTimeout as sleep } from "node:timers/promises"
import { PAGE_LOAD } from "../../e2e/http"

/** A load test. This file runs in its own process. `run.ts` sends it one job at a time, and gets one result for each. */
export type Job = { url: string; users: User[]; jars: string } & (
  | { kind: "load"; connections: number; seconds: number; pages?: readonly Page[] }
  | { kind: "clicks"; everySeconds: number; seconds: number }
)

/** A signed-in user. `cookie` is from Ory. `shows` is a text that only the user's own page contains. */
export interface User {
  cookie: string
  shows: string
}

/** A page below the URL of a job. `shows`: whether the page contains the user's text. */
export interface Page {
  path: string
  status: number
  shows: boolean
}

export interface Measured {
  views: number
  perSecond: number
  /** Milliseconds. */
  p50: number
  p99: number
  /** Responses that were not the user's own page, and requests without a response. */
  wrong: number
}

interface Browser extends User {
  jar: CookieJar
}

/** By the job's `jars`. The users of the next round have the cookies of the last one. */
const browsers = new Map<string, Browser[]>()

function browsersFor({ jars, url, users }: Job): Browser[] {
  const known = browsers.get(jars)
  if (known) return known
  const made = users.map((user) => {
    const jar = new CookieJar()
    for (const pair of user.cookie.split("; ")) jar.setCookieSync(pair, url)
    return { ...user, jar }
  })
  browsers.set(jars, made)
  return made
}

/** Users take turns. Each connection sends the next user's request as soon as it has a response. */
async function load(job: Job & { kind: "load" }): Promise<Measured> {
  const { url, connections, seconds, pages = [{ path: new URL(url).pathname, status: 200, shows: true }] } = job
  const users = browsersFor(job)
  const times: number[] = []
  let turn = 0
  let wrong = 0
  const requests: autocannon.Request[] = [
    {
      setupRequest: (request, context: { browser?: Browser; page?: Page }) => {
        const browser = users[turn % users.length]
        // Each user requests another page each time.
        const page = pages[(turn + Math.floor(turn / users.length)) % pages.length]
        turn++
        if (browser === undefined || page === undefined)
          throw new Error("The job has no user or no page. Add at least one of each.")
        context.browser = browser
        context.page = page
        return { ...request, path: page.path, headers: { ...PAGE_LOAD, cookie: browser.jar.getCookieStringSync(url) } }
      },
      onResponse: (status, body, { browser, page }: { browser?: Browser; page?: Page }, headers = {}) => {
        const expected = browser && page && status === page.status && (!page.shows || body.includes(browser.shows))
        if (!expected) wrong++
        for (const cookie of [headers["set-cookie"] ?? []].flat()) browser?.jar.setCookieSync(cookie, url)
      },
    },
  ]
  const {
    errors,
    timeouts,
    duration: took,
  } = await new Promise<autocannon.Result>((done, fail) => {
    const run = autocannon({ url, connections, duration: seconds, requests }, (error: Error | null, result) => {
      if (error) fail(error)
      else done(result)
    })
    // autocannon's own histogram has a resolution of one millisecond.
    run.on("response", (_client, _status, _bytes, time) => times.push(time))
  })
  return { ...summary(times, took), wrong: wrong + errors + timeouts }
}

/** Each user clicks once every few seconds. The clicks are spread evenly. */
async function click(job: Job & { kind: "clicks" }): Promise<Measured> {
  const { url, everySeconds, seconds } = job
  const users = browsersFor(job)
  const times: number[] = []
  let wrong = 0
  const start = performance.now()
  await Promise.all(
    users.map(async (browser, index) => {
      for (let second = (everySeconds * index) / users.length; second < seconds; second += everySeconds) {
        await sleep(start + second * 1000 - performance.now())
        const clicked = performance.now()
        const response = await fetch(url, {
          headers: { ...PAGE_LOAD, cookie: browser.jar.getCookieStringSync(url) },
          redirect: "manual",
        })
        if (!isOwnPage(browser, response.status, await response.text())) wrong++
        times.push(performance.now() - clicked)
        for (const cookie of response.headers.getSetCookie()) browser.jar.setCookieSync(cookie, url)
      }
    }),
  )
  return { ...summary(times, seconds), wrong }
}

function isOwnPage({ shows }: User, status: number, body: string): boolean {
  return status === 200 && body.includes(shows)
}

function summary(times: number[], seconds: number): Omit<Measured, "wrong"> {
  const sorted = times.toSorted((a, b) => a - b)
  const below = (share: number): number =>
    sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? Number.NaN
  return { views: times.length, perSecond: times.length / seconds, p50: below(0.5), p99: below(0.99) }
}

process.on("message", (job: Job) => {
  void (job.kind === "load" ? load(job) : click(job)).then((measured) => process.send?.(measured))
})
