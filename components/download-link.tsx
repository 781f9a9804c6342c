"use client"

import { useState, type MouseEvent, type ReactNode } from "react"

const PATH = "/api/account/data"

/** Downloads the file. Where the API asks for something first, it goes where the API says, which leads back to this page. */
export function DownloadLink(): ReactNode {
  const [failed, setFailed] = useState(false)

  const download = async (event: MouseEvent): Promise<void> => {
    event.preventDefault()
    const response = await fetch(PATH).catch(() => undefined)
    if (response?.ok) {
      const url = URL.createObjectURL(await response.blob())
      Object.assign(document.createElement("a"), { href: url, download: "my-data.json" }).click()
    } else if (response?.status === 401) window.location.reload()
    else {
      const location = response?.status === 403 ? stepUp(await response.json()) : undefined
      if (location === undefined) setFailed(true)
      else window.location.assign(location)
    }
  }

  return (
    <>
      <a href={PATH} download onClick={(event) => void download(event)} className="button-primary mt-8">
        Download my data
      </a>
      <p role="status" className="mt-3 text-sm text-muted">
        {failed && "We cannot reach Ory at the moment. Try again."}
      </p>
    </>
  )
}

/** Where the answer of `deniedResponse` (lib/session.ts) says to go. */
function stepUp(body: unknown): string | undefined {
  return (body as { error: { location?: string } }).error.location
}
