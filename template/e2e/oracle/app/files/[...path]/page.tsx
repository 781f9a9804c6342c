import { record } from "../../record"

export const instant = false

export default async function FilesPage(): Promise<string> {
  await record("catch-all")
  return "files"
}
