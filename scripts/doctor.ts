import { parseArgs } from "node:util"
import nextEnv from "@next/env"
import { diagnose } from "./diagnose"
import { projectDir, runMain } from "./processes"

/**
 * `npm run doctor`: prints what each check found and what to do. `-- --url https://app.example.com` checks a deployed app, with the
 * variables of that deployment. It does not read `.env.local`, which has the settings of this machine.
 */
await runMain(async () => {
  const { values } = parseArgs({ options: { url: { type: "string" } } })
  if (values.url === undefined) nextEnv.loadEnvConfig(projectDir, true, { info: () => undefined, error: console.error })
  // `lib/env.ts` checks the variables of this process when it is imported. On Vercel, a deployment needs no APP_URL.
  else process.env.APP_URL = values.url
  const findings = await diagnose(process.env, values.url)
  for (const finding of findings) {
    if (!finding.ok) console.log(`✗ ${finding.check}\n  ${finding.cure.replaceAll("\n", "\n  ")}`)
    else if (finding.warning !== undefined) console.log(`! ${finding.check}: ${finding.seen}\n  ${finding.warning}`)
    else console.log(`✓ ${finding.check}: ${finding.seen}`)
  }
  process.exitCode = findings.every(({ ok }) => ok) ? 0 : 1
})
