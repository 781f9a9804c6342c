import { connection } from "next/server"

export default async function LoginPage(): Promise<string> {
  await connection()
  return "login"
}
