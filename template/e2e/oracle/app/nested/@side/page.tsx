import { record } from "../../record"

export const instant = false

export default async function SidePage(): Promise<string> {
  await record("parallel page")
  return "side"
}
