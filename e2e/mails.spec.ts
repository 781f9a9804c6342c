import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, test } from "playwright/test"
import { brand } from "../lib/brand"
import { requiredTraits } from "../ory/required-traits"
import { startOry } from "../scripts/stack"
import { newestMail, type Mail } from "./fixtures"
import { createIdentity, kratosMajor, randomAccount } from "./http"
import { freePorts } from "./ports"

/** Links, and what Go prints for a missing value. */
const NOT_IN_MAIL = /https?:|href|no value/i

/** The text of a mail's HTML, on one line. */
function textOf(html: string): string {
  return html
    .replace(/<style>[^]*<\/style>|<[^>]+>/g, " ")
    .replace(/&#(\d+);/g, (_, number: string) => String.fromCodePoint(Number(number)))
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&")
    .replace(/\s+/g, " ")
}

test("each mail of Ory has the product's name, and its code in the subject, the text and the HTML, but no link", async () => {
  test.setTimeout(120_000)
  const [appPort, oryPort, adminPort, mailPort, inboxPort] = await freePorts()
  const dataDir = await mkdtemp(join(tmpdir(), "ory-local-"))
  const oryUrl = `http://localhost:${oryPort}`
  const ory = await startOry({
    appUrl: `http://localhost:${appPort}`,
    oryUrl,
    adminPort,
    mailPort,
    inboxPort,
    dataDir,
    overrides: {
      SELFSERVICE_METHODS_CODE_CONFIG_LIFESPAN: "37m",
      SELFSERVICE_FLOWS_RECOVERY_NOTIFY_UNKNOWN_RECIPIENTS: "true",
      SELFSERVICE_FLOWS_VERIFICATION_NOTIFY_UNKNOWN_RECIPIENTS: "true",
    },
    log: () => undefined,
  })

  /** Requests a code in a new flow of this kind. Returns the mail that Ory then sends to this address. */
  async function mailOf(kind: string, email: string): Promise<Mail> {
    const headers = { accept: "application/json", "content-type": "application/json" }
    const { id } = (await (await fetch(`${oryUrl}/self-service/${kind}/api`, { headers })).json()) as { id: string }
    const traits = { ...requiredTraits, email }
    const fields = { login: { identifier: email }, registration: { traits } }[kind] ?? { email }
    await fetch(`${oryUrl}/self-service/${kind}?flow=${id}`, {
      method: "POST",
      headers,
      body: JSON.stringify({ method: "code", ...fields }),
    })
    const mail = (): Promise<Mail | undefined> => newestMail(email, `http://localhost:${inboxPort}`)
    await expect.poll(mail, { message: `an email of the ${kind} flow`, timeout: 15_000 }).toBeDefined()
    return (await mail()) as Mail
  }

  try {
    // 1.3 does not tell the templates how long a code is valid.
    const hasExpiry = (await kratosMajor(ory.adminUrl)) > 1
    for (const kind of ["login", "registration", "recovery", "verification"])
      await test.step(`the mail with a code of the ${kind} flow`, async () => {
        const account = randomAccount()
        if (kind !== "registration") await createIdentity(ory.adminUrl, account)
        const { from, subject, text, html } = await mailOf(kind, account.email)
        expect(from[0]?.name).toBe(brand.name)
        const [code = "no code"] = /\b\d{6}\b/.exec(subject) ?? []
        expect(subject).toContain(brand.name)
        // Previews show the first line.
        expect(text.split("\n")[0]).toContain(code)
        for (const body of [text, textOf(html)]) {
          expect(body).toContain(code)
          expect(body).toContain(brand.name)
          expect(/\b37\b/.test(body)).toBe(hasExpiry)
        }
        expect(text + html).not.toMatch(NOT_IN_MAIL)
      })

    for (const kind of ["recovery", "verification"])
      await test.step(`the mail of the ${kind} flow to an address without an account`, async () => {
        const { subject, text, html } = await mailOf(kind, randomAccount().email)
        expect(subject).toContain(brand.name)
        for (const body of [text, textOf(html)]) {
          expect(body).toContain(brand.name)
          expect(body).not.toMatch(/\b(37|\d{6})\b/)
        }
        expect(text + html).not.toMatch(NOT_IN_MAIL)
      })
  } finally {
    await ory.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
})
