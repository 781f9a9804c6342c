/** Elements' 83 languages, for the server alone. Turbopack gets only them, not all of Elements: see `turbopack.mjs`. */
export { OryLocales as default } from "@ory/elements-react"
