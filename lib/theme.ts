/** A theme. With `system`, the user's operating system decides. */
export type Theme = "system" | "light" | "dark"

export const THEMES: readonly Theme[] = ["system", "light", "dark"]

/** The key in the browser's local storage. */
export const THEME_KEY = "theme"

/**
 * Sets the theme before the page is shown, so that it does not flash. It runs inline in every page and never changes, so the policy
 * allows it by its hash: see `lib/security-headers.ts`.
 */
export const THEME_SCRIPT = `try{let t=localStorage.${THEME_KEY};if(t=="light"||t=="dark")document.documentElement.dataset.theme=t}catch{}`

/** The SHA-256 of {@link THEME_SCRIPT}, in Base64. A unit test compares the two. */
export const THEME_SCRIPT_HASH = "Xnk8ggQV0YHlgLU7IPBZRJDRnSRkwmh5C/fgReroD/s="
