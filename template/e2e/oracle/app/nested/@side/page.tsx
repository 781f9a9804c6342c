import { record } from "../../record"

export default async function SidePage(): Promise<string> {
  await record("parallel page")
  return "side"
}
