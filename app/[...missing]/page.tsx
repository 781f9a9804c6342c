import { notFound } from "next/navigation"
import { connection } from "next/server"

/**
 * Every path without a page of its own, so that "not found" is made for each request: only then do its scripts carry the
 * nonce that the gate's policy asks for.
 */
export default async function MissingPage(): Promise<never> {
  await connection()
  notFound()
}
