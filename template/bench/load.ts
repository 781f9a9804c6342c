import autocannon from "autocannon"
import { CookieJar } from "tough-cookie"
import { setTimeout as sleep } from "node:timers/promises"
import { PAGE_LOAD } from "../../e2e/http"

/** What people's browsers do, in a process of its own: `run.ts` sends one job after the other, and gets one result for each. */
export type Job = { url: string; people: Person[]; jars: string } & (
  | { kind: "load"; connections: number; seconds: number; pages?: readonly Page[] }
  | { kind: "clicks"; everySeconds: number; seconds: number }
)

/** Someone signed in: `cookie` is what Ory gave them, `shows` is in the page that they are to get. */
export interface Person {
  cookie: string
  shows: string
}

/** A page below the URL of a job. `shows`: whether it shows the person. */
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
  /** Answers that were not the person's own page, and requests without an answer. */
  wrong: number
}

interface Browser extends Person {
  jar: CookieJar
}

/** By name of the jars: whoever comes back for the next round has the cookies of the last one. */
const browsers = new Map<string, Browser[]>()

function browsersFor({ jars, url, people }: Job): Browser[] {
  const known = browsers.get(jars)
  if (known) return known
  const made = people.map((person) => {
    const jar = new CookieJar()
    for (const pair of person.cookie.split("; ")) jar.setCookieSync(pair, url)
    return { ...person, jar }
  })
  browsers.set(jars, made)
  return made
}

/** People take turns on so many connections, each the next as soon as there is an answer. */
async function load(job: Job & { kind: "load" }): Promise<Measured> {
  const { url, connections, seconds, pages = [{ path: new URL(url).pathname, status: 200, shows: true }] } = job
  const people = browsersFor(job)
  const times: number[] = []
  let turn = 0
  let wrong = 0
  const requests: autocannon.Request[] = [
    {
      setupRequest: (request, context: { browser?: Browser; page?: Page }) => {
        const browser = people[turn % people.length]
        // After each round of everybody, each gets another page than in the last one.
        const page = pages[(turn + Math.floor(turn / people.length)) % pages.length]
        turn++
        if (browser === undefined || page === undefined) throw new Error("There is nobody to send, or no page")
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
    // Its own histogram knows whole milliseconds only.
    run.on("response", (_client, _status, _bytes, time) => times.push(time))
  })
  return { ...summary(times, took), wrong: wrong + errors + timeouts }
}

/** Everybody clicks once in so many seconds, not all at the same moment. */
async function click(job: Job & { kind: "clicks" }): Promise<Measured> {
  const { url, everySeconds, seconds } = job
  const people = browsersFor(job)
  const times: number[] = []
  let wrong = 0
  const start = performance.now()
  await Promise.all(
    people.map(async (browser, index) => {
      for (let second = (everySeconds * index) / people.length; second < seconds; second += everySeconds) {
        await sleep(start + second * 1000 - performance.now())
        const clicked = performance.now()
        const answer = await fetch(url, {
          headers: { ...PAGE_LOAD, cookie: browser.jar.getCookieStringSync(url) },
          redirect: "manual",
        })
        if (!isRight(browser, answer.status, await answer.text())) wrong++
        times.push(performance.now() - clicked)
        for (const cookie of answer.headers.getSetCookie()) browser.jar.setCookieSync(cookie, url)
      }
    }),
  )
  return { ...summary(times, seconds), wrong }
}

function isRight({ shows }: Person, status: number, body: string): boolean {
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
