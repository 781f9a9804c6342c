"use client"

import { useActionState, useEffect, useRef, type ReactNode } from "react"
import { signOutDevice, signOutOthers } from "./actions"
import { DeniedMessage } from "@/components/denied-message"
import { LocalTime } from "@/components/local-time"
import type { Device } from "@/lib/devices"
import type { Texts } from "@/lib/texts"

interface Props {
  devices: Device[]
  texts: ListTexts
}

type ListTexts = Texts["devices"]["list"]

export function DeviceList({ devices, texts }: Props): ReactNode {
  const [one, signOut, ending] = useActionState(signOutDevice, {})
  const [others, signOutEverywhere, endingOthers] = useActionState(signOutOthers, {})
  const busy = ending || endingOthers
  const list = useRef<HTMLUListElement>(null)
  useEffect(() => {
    // The pressed button is gone or was disabled meanwhile, so keyboard users would start at the top of the page.
    const answer = one.message ?? one.denied ?? others.message ?? others.denied
    if (answer !== undefined && document.activeElement === document.body) list.current?.focus()
  }, [one, others])
  return (
    <>
      <form action={signOut} className="mt-8">
        <ul ref={list} tabIndex={-1} aria-label={texts.label} className="card divide-y">
          {devices.map((device) => (
            <li key={device.id} className="flex flex-wrap items-center gap-x-4 gap-y-3 p-5">
              <Icon isMobile={device.isMobile} />
              <Description device={device} texts={texts} />
              {!device.current && (
                <button
                  name="id"
                  value={device.id}
                  aria-label={device.signOut}
                  className="button ms-auto"
                  disabled={busy}
                >
                  {ending ? texts.signingOut : texts.signOut}
                </button>
              )}
            </li>
          ))}
        </ul>
        <Answer {...one} />
      </form>
      <form action={signOutEverywhere} className="mt-4 flex flex-col items-start">
        <button className="button" disabled={busy || devices.length === 1}>
          {texts.signOutOthers}
        </button>
        <Answer {...others} />
      </form>
    </>
  )
}

/** Outlines of a phone and of a laptop. */
function Icon({ isMobile }: { isMobile: boolean }): ReactNode {
  return (
    <svg
      viewBox="0 0 24 24"
      className="hidden size-6 shrink-0 text-muted-foreground sm:block"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinejoin="round"
      strokeLinecap="round"
      aria-hidden
    >
      <path d={isMobile ? "M7 3h10v18H7zM11 18h2" : "M5 5h14v10H5zM2.5 19h19"} />
    </svg>
  )
}

function Description({ device, texts }: { device: Device; texts: ListTexts }): ReactNode {
  const { current, name, address, since, until, lastFactor } = device
  return (
    <div className="flex min-w-0 flex-1 basis-60 flex-col gap-0.5 text-sm">
      <p className="flex flex-wrap items-center gap-x-2 gap-y-1 font-medium">
        {name}
        {current && (
          <span className="rounded-full bg-success/10 px-2 py-0.5 text-xs text-success">{texts.thisDevice}</span>
        )}
      </p>
      <p className="text-muted-foreground">{[address, lastFactor].filter((part) => part !== undefined).join(" · ")}</p>
      <p className="text-muted-foreground">
        {since && (
          <>
            {texts.since} <LocalTime iso={since} />
          </>
        )}
        {until && (
          <>
            {" · "}
            {texts.until} <LocalTime iso={until} />
          </>
        )}
      </p>
    </div>
  )
}

function Answer({ message, denied }: Awaited<ReturnType<typeof signOutOthers>>): ReactNode {
  return (
    <p role="status" className="mt-3 text-sm text-muted-foreground">
      {message}
      {denied && <DeniedMessage {...denied} />}
    </p>
  )
}
