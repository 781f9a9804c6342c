import type { ReactNode } from "react"
import { brand } from "@/lib/brand"
import { paths } from "@/lib/routes"

/** Logo and name, linked to the landing page: a plain link, because `next/link` here adds 7 kB to the scripts of every page. */
export function Brand(): ReactNode {
  return (
    <a href={paths.home} className="flex min-w-0 items-center gap-2 font-semibold tracking-tight">
      <Logo file={brand.logo.light} className="dark:hidden" />
      <Logo file={brand.logo.dark} className="hidden dark:block" />
      <span className="truncate">{brand.name}</span>
    </a>
  )
}

/** With `lazy`, browsers load only the logo that is shown. */
function Logo({ file, className }: { file: string; className: string }): ReactNode {
  // eslint-disable-next-line @next/next/no-img-element -- An SVG has nothing to optimize.
  return <img src={file} alt="" loading="lazy" className={`h-6 w-auto shrink-0 ${className}`} />
}
