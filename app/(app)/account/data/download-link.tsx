"use client"

import { useState, type MouseEvent, type ReactNode } from "react"
import { paths } from "@/lib/routes"
import type { Texts } from "@/lib/texts"

const PATH = paths.accountDataApi

interface Props {
  texts: Texts["data"]
}

/** Downloads the file. If the API requires a step-up, the browser follows the `location` in its response, then returns to this page. */
export function DownloadLink({ texts }: Props): ReactNode {
  const [failed, setFailed] = useState(false)

  const download = async (event: MouseEvent): Promise<void> => {
    event.preventDefault()
    setFailed(false)
    try {
      const response = await fetch(PATH)
      if (response.ok) {
        const url = URL.createObjectURL(await response.blob())
        Object.assign(document.createElement("a"), { href: url, download: "my-data.json" }).click()
        return
      }
      // Where the user can sign in again or use the second factor. A refusal without a cure has none.
      const { error } = (await response.json()) as { error?: { location?: string | null } }
      if (error?.location) window.location.assign(error.location)
      else setFailed(true)
    } catch {
      setFailed(true)
    }
  }

  return (
    <>
      <a href={PATH} download onClick={(event) => void download(event)} className="button-primary mt-8">
        {texts.download}
      </a>
      <p role="status" className="mt-3 text-sm text-muted-foreground">
        {failed && texts.failed}
      </p>
    </>
  )
}
