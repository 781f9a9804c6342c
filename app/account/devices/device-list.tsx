"use client"

import { useActionState, useEffect, useRef, type ReactNode } from "react"
import { signOutDevice, signOutOthers } from "./actions"
import { DeniedMessage } from "@/components/denied-message"
import { LocalTime } from "@/components/local-time"
import type { Device } from "@/lib/devices"

export function DeviceList({ devices }: { devices: Device[] }): ReactNode {
  const [one, signOut, ending] = useActionState(signOutDevice, {})
  const [others, signOutEverywhere, endingOthers] = useActionState(signOutOthers, {})
  const busy = ending || endingOthers
  const list = useRef<HTMLUListElement>(null)
  useEffect(() => {
    // The pressed button is gone or was disabled meanwhile, so keyboard users would start at the top of the page.
    if ((one.message ?? others.message) !== undefined && document.activeElement === document.body) list.current?.focus()
  }, [one, others])
  return (
    <>
      <form action={signOut} className="mt-8">
        <ul
          ref={list}
          tabIndex={-1}
          aria-label="Devices"
          className="divide-y divide-line rounded-2xl border border-line bg-surface"
        >
          {devices.map((device) => (
            <li
              key={device.id}
              className="flex flex-col gap-4 px-5 py-4 sm:flex-row sm:items-center sm:justify-between"
            >
              <Description device={device} />
              {!device.current && (
                <button
                  name="id"
                  value={device.id}
                  aria-label={`Sign out ${device.name}`}
                  className="button self-start sm:self-auto"
                  disabled={busy}
                >
                  Sign out
                </button>
              )}
            </li>
          ))}
        </ul>
        <Answer {...one} />
      </form>
      <form action={signOutEverywhere} className="mt-6 flex flex-col items-start">
        <button className="button" disabled={busy || devices.length === 1}>
          Sign out everywhere else
        </button>
        <Answer {...others} />
      </form>
    </>
  )
}

function Description({ device: { current, name, address, since, until, lastFactor } }: { device: Device }): ReactNode {
  return (
    <div className="flex min-w-0 flex-col gap-1 text-sm">
      <p className="flex flex-wrap items-center gap-x-2 gap-y-1 font-medium">
        {name}
        {current && <span className="rounded-full border border-line px-2 text-xs text-muted">This device</span>}
      </p>
      <p className="text-muted">{[address, lastFactor].filter((part) => part !== undefined).join(" · ")}</p>
      <p className="text-muted">
        {since && (
          <>
            Signed in <LocalTime iso={since} />
          </>
        )}
        {until && (
          <>
            , expires <LocalTime iso={until} />
          </>
        )}
      </p>
    </div>
  )
}

function Answer({ message, denied }: Awaited<ReturnType<typeof signOutOthers>>): ReactNode {
  return (
    <p role="status" className="mt-3 text-sm text-muted">
      {message}
      {denied && <DeniedMessage {...denied} />}
    </p>
  )
}
