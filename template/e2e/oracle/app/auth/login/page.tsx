import { connection } from "next/server"

export const instant = false

export default async function LoginPage(): Promise<string> {
  await connection()
  return "login"
}
