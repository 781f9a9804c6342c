import { productTests } from "./test-parts"
import { runTests } from "./test-runner"

/** Runs `npm test`. */
await runTests(productTests)
