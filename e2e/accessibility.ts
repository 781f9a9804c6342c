import { AxeBuilder } from "@axe-core/playwright"
import type { Page } from "playwright/test"
import { expect, test, type Account, type OpenOptions, type SignedIn } from "./fixtures"
import { createUser } from "./http"
import type { Servers, ServersOptions } from "./servers"

/** What a state is reached with: fixtures of the browser tests. */
export interface Given {
  page: Page
  newAccount: Account
  user: SignedIn
  openPage: (appUrl?: string, options?: OpenOptions) => Promise<Page>
  openAs: (user: SignedIn, appUrl?: string, options?: OpenOptions) => Promise<Page>
  ownServers: (options?: ServersOptions) => Promise<Servers>
}

/** A page, or a state of its form. */
export interface State {
  name: string
  /** The page's only `h1`. It proves that this is the right page. */
  title: string
  /** A text that the state shows. */
  shows?: string | RegExp
  reach: (given: Given) => Promise<Page>
}

export const open =
  (path: string) =>
  async ({ page }: Given): Promise<Page> => {
    await page.goto(path)
    return page
  }

export const openSignedIn =
  (path: string, act?: (page: Page, given: Given) => Promise<unknown>) =>
  async (given: Given): Promise<Page> => {
    const page = await given.openAs(given.user, undefined, { expectedErrors: /^404 / })
    await page.goto(path)
    await act?.(page, given)
    return page
  }

/** One test for each state: axe finds nothing in both themes and two widths. No rule is disabled and nothing is excluded. */
export function testStates(states: readonly State[]): void {
  for (const { name, title, shows, reach } of states)
    test(`axe finds nothing: ${name}`, async ({ page: plain, newAccount, openPage, openAs, ownServers }) => {
      const page = await reach({ page: plain, newAccount, user: await createUser(), openPage, openAs, ownServers })
      await expect(page.getByRole("heading", { level: 1 })).toHaveText(title)
      if (shows !== undefined) await expect(page.getByText(shows).first()).toBeVisible()
      for (const colorScheme of ["light", "dark"] as const)
        for (const width of [1280, 360]) {
          // Without reduced motion, axe could measure a colour in the middle of a transition.
          await page.emulateMedia({ colorScheme, reducedMotion: "reduce" })
          await page.setViewportSize({ width, height: 800 })
          // Legacy mode leaves out frames of other sites, which these pages don't have, and takes half the time.
          const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze()
          expect(
            violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(" ")}`),
            `${colorScheme}, ${width} px`,
          ).toEqual([])
        }
    })
}
