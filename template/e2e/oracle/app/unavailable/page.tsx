import { connection } from "next/server"

export const instant = false

export default async function UnavailablePage(): Promise<string> {
  await connection()
  return "unavailable"
}
