import { record } from "../record"

export const instant = false

export default async function NestedPage(): Promise<string> {
  await record("nested page")
  return "nested"
}
