/** Every piece of code that reports when it runs. A control asserts that each of them can. */
export const ROUTES = [
  "page",
  "metadata",
  "layout",
  "template",
  "nested page",
  "parallel page",
  "catch-all",
  "missing",
  "page with actions",
  "image",
  "sitemap",
  "api GET",
  "api POST",
  "handler GET",
  "handler POST",
] as const

export const ACTIONS = [
  "inline action",
  "action",
  "refreshing action",
  "revalidating action",
  "redirecting action",
  "not-found action",
  "guarded action",
] as const

/** Reported by the guarded action after its guard has passed. */
export const CHANGE = "change"

export type Recorder = (typeof ROUTES)[number] | (typeof ACTIONS)[number] | typeof CHANGE
