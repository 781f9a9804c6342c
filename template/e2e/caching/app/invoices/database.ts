import { appendFile, readFile } from "node:fs/promises"
import { join } from "node:path"

/** The test's database: a line for each invoice. It notes each read, so that the test can tell a cached response from a read. */
const file = (name: string): string => join(process.env.INVOICES_FOLDER ?? "", name)

export async function loadInvoices(userId: string): Promise<string[]> {
  await appendFile(file("reads"), `${userId}\n`)
  const lines = await readFile(file("invoices"), "utf8")
  return lines.split("\n").filter((line) => line.startsWith(`invoice of ${userId} `))
}

export async function insertInvoice(userId: string): Promise<void> {
  await appendFile(file("invoices"), `invoice of ${userId} number ${Date.now()}\n`)
}
