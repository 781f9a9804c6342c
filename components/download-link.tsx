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
    } else if (response?.status === 401 || response?.status === 403) {
      const location = stepUp(await response.json())
      // Where the gate says no, it says no more: loaded again, this page is led to what it lacks.
      if (location) window.location.assign(location)
      else window.location.reload()
    } else setFailed(true)
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
function stepUp(body: unknown): string | null | undefined {
  return (body as { error: { location?: string | null } }).error.location
}
