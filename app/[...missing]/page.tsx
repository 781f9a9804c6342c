import { notFound } from "next/navigation"
import { connection } from "next/server"

/**
 * Catches every path without a page, so that "not found" is rendered per request. Only then do its scripts carry the nonce
 * that the gate's Content-Security-Policy requires.
 */
export default async function MissingPage(): Promise<never> {
  await connection()
  notFound()
}
