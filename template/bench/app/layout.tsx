import type { ReactNode } from "react"
import { TextsProvider } from "@/components/texts"
import { catalogues, defaultLocale } from "@/lib/texts"

export default function RootLayout({ children }: { children: ReactNode }): ReactNode {
  return (
    <html lang={defaultLocale}>
      <body>
        <TextsProvider texts={catalogues[defaultLocale].shared}>{children}</TextsProvider>
      </body>
    </html>
  )
}
