import { paths } from "@/lib/routes"
import type { Texts } from "@/lib/texts"

/** The name of a page is a key of `shared.nav` in `lib/texts/`. */
export type Pages = readonly (readonly [path: string, name: keyof Texts["shared"]["nav"]])[]

/** The pages of your product, in the header. */
export const PRODUCT_PAGES: Pages = [[paths.dashboard, "dashboard"]]

/** The pages that the header shows to users with the role `admin`. */
export const ADMIN_PAGES: Pages = [[paths.admin, "admin"]]

/** The pages of the user's account. */
export const ACCOUNT_PAGES: Pages = [
  [paths.account, "account"],
  [paths.settings, "settings"],
  [paths.devices, "devices"],
  [paths.data, "data"],
]
