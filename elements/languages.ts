/** Elements' 83 languages, for the server only. The loader in `turbopack.mjs` reduces this import to the languages. */
export { OryLocales as default } from "@ory/elements-react"
