/** Elements' 83 languages, for the server only. `lighter-loader.mjs` replaces this import with the languages alone. */
export { OryLocales as default } from "@ory/elements-react"
