import Link from "next/link"
import { usePathname } from "next/navigation"
import { useRef, type ReactNode } from "react"
import { useTexts } from "@/components/texts"
import { ThemeSwitch } from "@/components/theme-switch"
import { useUser } from "@/components/user-provider"
import { ACCOUNT_PAGES } from "@/lib/navigation"
import { paths } from "@/lib/routes"

interface Props {
  /** Called with the path of the clicked link. */
  onNavigate: (path: string) => void
}

/**
 * The user's menu: account, theme and sign-out. The browser opens and closes it (Escape, a click outside), without a script. If the user
 * has signed out in another tab, it is a link to sign in.
 */
export function UserMenu({ onNavigate }: Props): ReactNode {
  const texts = useTexts()
  const user = useUser()
  const here = usePathname()
  const menu = useRef<HTMLDivElement>(null)
  if (!user)
    return (
      // A link, not next/link: the gate redirects this page to sign in, which the router can't follow.
      <a href={here} className="button">
        {texts.signIn}
      </a>
    )
  const { email, name } = user
  return (
    <>
      <button
        popoverTarget="user-menu"
        aria-label={texts.userMenu}
        className="flex size-9 shrink-0 cursor-pointer items-center justify-center rounded-full bg-primary text-sm font-medium text-primary-foreground"
      >
        <span aria-hidden>{initials(name ?? email ?? "") || "•"}</span>
      </button>
      <div
        ref={menu}
        id="user-menu"
        popover="auto"
        className="absolute inset-auto end-[max(1rem,calc((100vw-64rem)/2+1.5rem))] top-14 w-64 rounded-xl border bg-popover p-1.5 text-popover-foreground shadow-lg"
      >
        <p className="px-2.5 py-2 text-sm">
          {name !== undefined && <span className="block truncate font-medium">{name}</span>}
          <span className="block truncate text-muted-foreground">{email}</span>
        </p>
        <hr className="-mx-1.5 my-1.5" />
        <nav aria-label={texts.accountMenu} className="flex flex-col">
          {ACCOUNT_PAGES.map(([href, page]) => (
            <Link
              key={href}
              href={href}
              prefetch={false}
              onNavigate={() => {
                // Not in browsers before 2024: see app/globals.css.
                if (menu.current && "hidePopover" in menu.current) menu.current.hidePopover()
                onNavigate(href)
              }}
              className={ITEM}
            >
              {texts.nav[page]}
            </Link>
          ))}
        </nav>
        <hr className="-mx-1.5 my-1.5" />
        <div className="px-2.5 py-1">
          <ThemeSwitch />
        </div>
        <hr className="-mx-1.5 my-1.5" />
        {/* A form, not a link: browsers may prefetch links, and a prefetch must never sign the user out. */}
        <form action={paths.signOut} method="post">
          <button className={`${ITEM} w-full cursor-pointer text-start`}>{texts.signOut}</button>
        </form>
      </div>
    </>
  )
}

const ITEM = "block rounded-md px-2.5 py-1.5 text-sm hover:bg-accent"

/** Up to two letters: of the first and the last word of a name, or the first of an address. */
function initials(text: string): string {
  const words = text.split("@")[0]?.split(/\s+/) ?? []
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => Array.from(word ?? "")[0] ?? "")
  return letters.join("").toUpperCase()
}
