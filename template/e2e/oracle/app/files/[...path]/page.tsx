import { record } from "../../record"

export default async function FilesPage(): Promise<string> {
  await record("catch-all")
  return "files"
}
