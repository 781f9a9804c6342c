import type { Metadata } from "next"
import { record } from "../record"

export const instant = false

export async function generateMetadata(): Promise<Metadata> {
  await record("metadata")
  return { title: "Plain" }
}

export default async function PlainPage(): Promise<string> {
  await record("page")
  return "plain"
}
