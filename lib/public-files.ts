/**
 * The files in `public/`, which the gate serves without a session. `lib/public-files-loader.mjs` fills in the list, because the Edge
 * runtime cannot read folders. The list is empty where that loader does not run: no file is public then.
 */
const FILES: ReadonlySet<string> = new Set()

/** The path of the public file that a request's path names, encoded. Undefined when there is none. */
export function publicFile(pathname: string): string | undefined {
  let name: string
  try {
    name = decodeURIComponent(pathname)
  } catch {
    return undefined
  }
  return FILES.has(name) ? name.split("/").map(encodeURIComponent).join("/") : undefined
}
