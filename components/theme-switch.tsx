"use client"

import { useSyncExternalStore, type ReactNode } from "react"
import { useTexts } from "@/components/texts"
import { THEME_KEY, THEMES, type Theme } from "@/lib/theme"

/** Lets the user choose between the light and the dark theme, or follow the system. The choice stays in this browser. */
export function ThemeSwitch(): ReactNode {
  const texts = useTexts().theme
  const theme = useSyncExternalStore(subscribe, chosenTheme, () => "system")
  return (
    <fieldset className="flex items-center justify-between gap-3">
      <legend className="sr-only">{texts.label}</legend>
      <span aria-hidden className="text-sm">
        {texts.label}
      </span>
      <span className="flex rounded-md border p-0.5">
        {THEMES.map((name) => (
          <label
            key={name}
            className="cursor-pointer rounded-sm px-2 py-1 text-xs text-muted-foreground has-checked:bg-accent has-checked:font-medium has-checked:text-foreground has-focus-visible:outline-2 has-focus-visible:outline-ring"
          >
            <input
              type="radio"
              name="theme"
              className="sr-only"
              checked={theme === name}
              onChange={() => {
                choose(name)
              }}
            />
            {texts[name]}
          </label>
        ))}
      </span>
    </fieldset>
  )
}

function chosenTheme(): Theme {
  const theme = document.documentElement.dataset.theme
  return theme === "light" || theme === "dark" ? theme : "system"
}

const listeners = new Set<() => void>()

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function choose(theme: Theme): void {
  const { dataset } = document.documentElement
  if (theme === "system") delete dataset.theme
  else dataset.theme = theme
  try {
    if (theme === "system") localStorage.removeItem(THEME_KEY)
    else localStorage.setItem(THEME_KEY, theme)
  } catch {
    // Storage is unavailable: the choice lasts until the next page load.
  }
  for (const listener of listeners) listener()
}
