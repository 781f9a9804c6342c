import { parseArgs } from "node:util"
import nextEnv from "@next/env"
import { diagnose } from "./diagnose"
import { projectDir } from "./processes"

/** `npm run doctor`, `npm run doctor -- --url https://app.example.com`: what fits together, what does not, and the cure. */
nextEnv.loadEnvConfig(projectDir, true, { info: () => undefined, error: console.error })
const { values } = parseArgs({ options: { url: { type: "string" } } })

const findings = await diagnose(process.env, values.url)
for (const finding of findings) console.log(finding.ok ? `✓ ${finding.check}: ${finding.seen}` : `✗ ${finding.check}\n  ${finding.cure.replaceAll("\n", "\n  ")}`)
process.exitCode = findings.every(({ ok }) => ok) ? 0 : 1
