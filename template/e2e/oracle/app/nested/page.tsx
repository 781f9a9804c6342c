import { record } from "../record"

export default async function NestedPage(): Promise<string> {
  await record("nested page")
  return "nested"
}
