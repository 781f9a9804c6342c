import { productTests } from "./test-parts"
import { runTests } from "./test-runner"

/** `npm test` */
await runTests(productTests)
