import { join } from "node:path"
import { projectDir } from "../scripts/processes"
import { productTests } from "../scripts/test-parts"
import { browserTests, part, runTests } from "../scripts/test-runner"

/** `npm test` until `npm run init`: the tests of a product, then the suites that prove the template. */
await runTests(async () => {
  await productTests()
  await part(
    "Browser tests of the template",
    browserTests("template/playwright.config.ts", "--project", "template", "same-origin"),
  )
  const bench = { cwd: join(projectDir, "template", "bench"), file: "npm" }
  await part("Bench: packages", { ...bench, args: ["ci", "--prefer-offline"] })
  await part("Bench: types", { ...bench, args: ["run", "typecheck"] })
  await part("Browser tests through the tunnel", browserTests("template/e2e/tunnel/playwright.config.ts"))
})
